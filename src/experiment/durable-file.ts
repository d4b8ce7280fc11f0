/**
 * Files that are there whole or not at all, whenever the process or the machine stops: written beside their place,
 * forced to the disk, then renamed.
 */
import { closeSync, fsyncSync, linkSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/** A rename is durable once its directory is; Windows cannot open directories, and needs no such thing. */
function syncDirectory(path: string): void {
  if (process.platform === 'win32') return;
  const directory = openSync(path, 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

function writeDraft(draft: string, bytes: Uint8Array): void {
  const file = openSync(draft, 'w');
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** @param draft a path in the same directory that no other process uses */
export function writeDurably(path: string, bytes: Uint8Array, draft: string): void {
  try {
    writeDraft(draft, bytes);
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
  syncDirectory(dirname(path));
}

/** As writeDurably, but false, and nothing written, where `path` is there already: of several, one succeeds. */
export function createDurably(path: string, bytes: Uint8Array, draft: string): boolean {
  try {
    writeDraft(draft, bytes);
    linkSync(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  } finally {
    rmSync(draft, { force: true });
  }
  syncDirectory(dirname(path));
  return true;
}
