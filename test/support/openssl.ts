/** The openssl of this machine, run over files that live as long as one call. Tests that need it are registered where it is. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe } from 'node:test'

const isThere = spawnSync('openssl', ['version']).status === 0

/** node:test's `describe`, skipped by name where there is no openssl. */
export const withOpenssl = (name: string, run: () => void) =>
  describe(name, isThere ? {} : { skip: 'openssl is not on this machine' }, run)

/**
 * Runs openssl in a folder that holds `files`; gives what it wrote to `out`, or to its standard output.
 * @throws Error with its complaint
 */
export function openssl(args: string[], files: Record<string, string | Uint8Array>): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'vidimus-openssl-'))
  try {
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content)
    const printed = execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
    return args.includes('out') ? readFileSync(join(folder, 'out')) : printed
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
