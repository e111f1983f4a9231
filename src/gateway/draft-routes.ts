import type { SubmitResult } from '../drafts/submission.ts';
import type { DraftSubmission, GatewayRooms, RunIdentity } from './contract.ts';
import { MAX_DRAFT_BYTES } from './limits.ts';
import { draftRequest, versionRequest } from './requests.ts';
import { failure, type GatewayResponse, parseBody, success } from './responses.ts';
import type { Refuse, Route, RouteCall, Routes } from './route.ts';

type Files = Pick<DraftSubmission, 'media'>;

/** A text that an agent hands in, with the paths of its files, and what takes it once these are copied. */
interface HandedText {
  readonly body: string;
  readonly media: readonly string[];
  readonly submit: (files: Files) => SubmitResult;
}

type ReadText = (call: RouteCall) => HandedText | GatewayResponse;

const DEFAULT_PRIORITY = 3;

/** The routes by which texts come to the desk: new drafts, and other versions of them. */
export function createDraftRoutes(
  rooms: Pick<GatewayRooms, 'submitDraft' | 'submitVersion' | 'takeMedia'>,
  refuse: Refuse,
): Routes {
  function readDraft({ run, body }: RouteCall): HandedText | GatewayResponse {
    const parsed = parseBody(draftRequest, body);
    if (parsed.kind === 'bad') return parsed.response;
    const { media = [], ...fields } = parsed.fields;
    const submit = (files: Files): SubmitResult =>
      rooms.submitDraft(run, { priority: DEFAULT_PRIORITY, ...fields, ...files });
    return { body: fields.body, media, submit };
  }

  /** Another version of a draft: a route of its own, since it needs nothing that a new draft does but its text. */
  function readVersion({ run, body }: RouteCall): HandedText | GatewayResponse {
    const parsed = parseBody(versionRequest, body);
    if (parsed.kind === 'bad') return parsed.response;
    const { media = [], revises, body: text } = parsed.fields;
    const submit = (files: Files): SubmitResult => rooms.submitVersion(run, { draft: revises, body: text, ...files });
    return { body: text, media, submit };
  }

  /** Where nothing can be waited for, no file can be copied. */
  function take(read: ReadText, call: RouteCall): GatewayResponse {
    const handed = readBounded(read, call);
    if ('status' in handed) return handed;
    return handed.media.length === 0
      ? tellSubmitted(call.run, handed.submit({}))
      : failure(501, 'files can only be taken where their copy is waited for');
  }

  function takeWithFiles(read: ReadText, call: RouteCall): GatewayResponse | Promise<GatewayResponse> {
    const handed = readBounded(read, call);
    if ('status' in handed) return handed;
    if (handed.media.length === 0) return tellSubmitted(call.run, handed.submit({}));
    return rooms
      .takeMedia(call.run, handed.media)
      .then((taken) =>
        taken.kind === 'taken'
          ? tellSubmitted(call.run, handed.submit({ media: taken.media }))
          : refuse(call.run, 'draft', taken.reason),
      );
  }

  function readBounded(read: ReadText, call: RouteCall): HandedText | GatewayResponse {
    const handed = read(call);
    if ('status' in handed) return handed;
    const sizeBytes = Buffer.byteLength(handed.body);
    if (sizeBytes <= MAX_DRAFT_BYTES) return handed;
    return failure(
      413,
      `the body has ${sizeBytes} bytes, and a draft at most ${MAX_DRAFT_BYTES}: a person has to read all of it`,
    );
  }

  function tellSubmitted(run: RunIdentity, outcome: SubmitResult): GatewayResponse {
    if (outcome.kind === 'refused') return refuse(run, 'draft', outcome.reason);
    return success(outcome.existing ? 200 : 201, { id: outcome.id, existing: outcome.existing });
  }

  function takes(read: ReadText): Route {
    return { method: 'POST', answer: (call) => take(read, call), serve: (call) => takeWithFiles(read, call) };
  }

  return [
    ['/v1/draft', takes(readDraft)],
    ['/v1/version', takes(readVersion)],
  ];
}
