import { accessSync, closeSync, constants, existsSync, openSync, readSync, statSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import type { SpawnRequest } from '../ports.ts';

/** Where execvp looks when the environment has no PATH. */
const DEFAULT_PATH = '/bin:/usr/bin';

/** The kernel reads no more than this of a script's first line. */
const FIRST_LINE_BYTES = 256;

/** Finds a program as execvp would; undefined when there is none that may be executed. */
export function findProgram(name: string, path: string | undefined, cwd = '/'): string | undefined {
  return candidates(name, path, cwd).find((file) => whyNot(file) === undefined);
}

/** Why this request's own program cannot be started, asked before its wrapper is; undefined when nothing speaks against it. */
export function explainUnstartable(request: SpawnRequest): string | undefined {
  const [program] = request.argv;
  if (!isFolder(request.cwd)) return explainFailure({}, request);
  const reasons = candidates(program, request.env['PATH'], request.cwd).map(whyNot);
  if (reasons.includes(undefined)) return undefined;
  // As execvp: a program that was found but may not be executed is told of before one that was not found.
  const { through: _, ...bare } = request;
  return explainFailure({ code: reasons.includes('EACCES') ? 'EACCES' : 'ENOENT' }, bare);
}

/** Why a program could not be started, as one sentence with what to do about it. */
export function explainFailure(error: unknown, { argv, cwd, env, through }: SpawnRequest): string {
  // execve reports a missing working directory as ENOENT, too: look at it first.
  if (!isFolder(cwd))
    return `the working directory ${cwd} does not exist or cannot be entered: create it, or correct \`workdir\``;
  const { code, message } = error as NodeJS.ErrnoException;
  // The program itself was looked at before: what is not there is its wrapper.
  const isAboutWrapper = through !== undefined && (code === 'ENOENT' || code === 'EACCES' || code === 'ENOEXEC');
  const [program] = isAboutWrapper ? through.argv : argv;
  switch (code) {
    case 'ENOENT':
      return explainMissing(program, isAboutWrapper ? undefined : findFile(argv[0], env['PATH'], cwd));
    case 'EACCES':
      return `${program} may not be executed: make it executable (chmod +x), and see that its folder can be entered`;
    case 'ENOEXEC':
      return `${program} is not a program of this system: give a script its first line (#!/bin/sh), or install the build for this machine`;
    case 'E2BIG':
      return `the arguments and environment of ${program} are too long: pass large texts on stdin or in files`;
    case 'EAGAIN':
    case 'EMFILE':
    case 'ENFILE':
    case 'ENOMEM':
      return `this machine has no room for another process (${code}): stop something, or raise its limits`;
    default:
      return `${program} could not be started: ${code ?? message}`;
  }
}

function candidates(name: string, path: string | undefined, cwd: string): string[] {
  if (name.includes('/')) return [resolve(cwd, name)];
  // An empty entry is the working directory.
  return (path ?? DEFAULT_PATH).split(delimiter).map((folder) => resolve(cwd, join(folder, name)));
}

/** execve says the same of a script whose interpreter is missing as of one that is missing itself. */
function explainMissing(program: string, file: string | undefined): string {
  if (file !== undefined)
    return `${file} is there, but the interpreter in its first line is not (one saved with CRLF line ends names none): correct that line, or install it`;
  return program.includes('/')
    ? `${program} does not exist: correct the path, or install it`
    : `${program} was not found on the PATH: install it, or give its full path`;
}

/** The file of this name, whether it can be started or not. */
function findFile(name: string, path: string | undefined, cwd: string): string | undefined {
  return candidates(name, path, cwd).find((file) => existsSync(file));
}

function whyNot(file: string): 'ENOENT' | 'EACCES' | undefined {
  try {
    const found = statSync(file);
    // A folder, a socket: execve says EACCES. For root, access(2) agrees only when some execute bit is set.
    if (!found.isFile()) return 'EACCES';
    accessSync(file, constants.X_OK);
    const interpreter = interpreterOf(file);
    return interpreter === undefined ? undefined : whyNot(interpreter);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EACCES' ? 'EACCES' : 'ENOENT';
  }
}

/** What the first line of a script names; undefined for any other program, and for one that may be executed but not read. */
function interpreterOf(file: string): string | undefined {
  let opened: number;
  try {
    opened = openSync(file, 'r');
  } catch {
    return undefined;
  }
  try {
    const start = Buffer.alloc(FIRST_LINE_BYTES);
    const text = start.toString('utf8', 0, readSync(opened, start, 0, FIRST_LINE_BYTES, 0));
    // The kernel ends the name at a blank, tab or newline; the carriage return of a script saved with CRLF belongs to it.
    return /^#![ \t]*(\/[^ \t\n\0]+)/.exec(text)?.[1];
  } finally {
    closeSync(opened);
  }
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false; // Missing, or in a folder that we may not enter.
  }
}
