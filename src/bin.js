#!/usr/bin/env node
/**
 * The launcher: finds a Node that can run Nightdesk, and goes on under it.
 *
 * Plain JavaScript for whatever Node a machine has (12.17 and newer read it): no dependencies, no `node:` names, no
 * syntax younger than that. Nothing native is loaded before the version is known, because better-sqlite3 takes an
 * older Node down without a word.
 */
import { spawn } from 'child_process';
import { existsSync, readFileSync } from 'fs';
import nodeModule from 'module';
import { dirname, join } from 'path';
import { setInterval } from 'timers';
import { fileURLToPath } from 'url';
import { setFlagsFromString } from 'v8';

/** The first Node that strips types by itself and that better-sqlite3 was built for. */
const NEEDED_MAJOR = 24;
/** EX_CONFIG of sysexits. */
const EXIT_CONFIGURATION = 78;
/** Tells the second launcher, under the pinned Node, that the first one waits for it. */
const LAUNCHER_VARIABLE = 'NIGHTDESK_LAUNCHER';
const FORWARDED = ['SIGTERM', 'SIGINT', 'SIGHUP'];

const packageFolder = dirname(dirname(fileURLToPath(import.meta.url)));
/** A checkout has the sources, the npm package what was made of them: Node strips no types below node_modules. */
const isCheckout = existsSync(join(packageFolder, 'src', 'cli.ts'));

function isNewEnough(version) {
  return parseInt(version, 10) >= NEEDED_MAJOR;
}

/** The pinned Node: in the package's own node_modules, or where npm hoisted it, beside the package or one level up. */
function findPinnedNode() {
  const folders = [
    join(packageFolder, 'node_modules', 'node'),
    join(packageFolder, '..', 'node'),
    join(packageFolder, '..', 'node_modules', 'node'),
  ];
  return folders
    .filter((folder) => existsSync(join(folder, 'bin', 'node')) && isNewEnough(versionOfPackage(folder)))
    .map((folder) => join(folder, 'bin', 'node'))[0];
}

function versionOfPackage(folder) {
  try {
    return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).version;
  } catch {
    // A folder that is not a whole package holds no pinned Node.
    return '0';
  }
}

function refuse(reason) {
  // An npm that runs no install scripts leaves out the Node that the package brings.
  const mend = isCheckout
    ? `run "npm ci" in ${packageFolder}, which brings the right Node, or install Node ${NEEDED_MAJOR}`
    : `install Node ${NEEDED_MAJOR}, or install nightdesk again with the install script of its package "node" allowed`;
  process.stderr.write(`nightdesk: ${reason}; ${mend}\n`);
  process.exitCode = EXIT_CONFIGURATION;
}

/** Goes on under another Node, as if it were this process: same streams, same signals, same end. */
function goOnUnder(node) {
  const environment = Object.assign({}, process.env, { [LAUNCHER_VARIABLE]: String(process.pid) });
  // The fourth stream is the lifeline: it closes when this process is killed, see followLauncher.
  const child = spawn(node, [fileURLToPath(import.meta.url)].concat(process.argv.slice(2)), {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: environment,
  });
  child.on('error', (error) => refuse(`${node} does not start (${error.code})`));
  FORWARDED.forEach((signal) => process.on(signal, () => child.kill(signal)));
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code);
    // Whoever waits for us is to see the signal that ended the program.
    FORWARDED.forEach((name) => process.removeAllListeners(name));
    process.kill(process.pid, signal);
  });
}

function isFollower() {
  return process.env[LAUNCHER_VARIABLE] === String(process.ppid);
}

/** A launcher that was killed outright cannot forward that: the program ends the same way, so that none runs unseen. */
function followLauncher() {
  const followed = isFollower();
  delete process.env[LAUNCHER_VARIABLE];
  if (!followed) return;
  // Whoever takes the place of this process follows it, too, see cli.ts.
  globalThis[Symbol.for('nightdesk.launcher')] = process.ppid;
  if (!process.channel) return watchLauncher(process.ppid);
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
  process.channel.unref();
}

/** A process that was replaced has lost the lifeline with its memory: it looks who its parent is. */
function watchLauncher(launcher) {
  setInterval(() => {
    if (process.ppid !== launcher) process.kill(process.pid, 'SIGKILL');
  }, 1000).unref();
}

/**
 * Keeps what Node makes of the sources, types stripped and compiled, for the next start: it takes half the time and 27 MB less.
 * In the package's own folder, since whoever can write there can change the program anyway; where nobody may, nothing is kept.
 */
function keepCompiled() {
  nodeModule.enableCompileCache(join(packageFolder, 'node_modules', '.cache', 'nightdesk'));
}

/**
 * Keeps the space for young objects as small as it begins, at 1 MB: what start-up leaves makes V8 double it again and again, to 32 MB
 * that a program which mostly waits never needs, and never gives back. It is decided before the cache of compiled code is opened,
 * which holds for one set of flags only.
 */
function staySmall() {
  setFlagsFromString('--semi-space-growth-factor=1');
}

function run() {
  if (isNewEnough(process.versions.node)) {
    followLauncher();
    staySmall();
    keepCompiled();
    // A failed import is an unhandled rejection, which ends the process with its reason.
    void import(isCheckout ? './cli.ts' : './cli.js');
    return;
  }
  // A follower that is still too old would launch itself for ever.
  const pinned = isFollower() ? undefined : findPinnedNode();
  if (pinned === undefined) refuse(`needs Node ${NEEDED_MAJOR} or newer, and this is ${process.versions.node}`);
  else goOnUnder(pinned);
}

run();
