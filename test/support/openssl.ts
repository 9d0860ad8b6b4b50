/** The openssl of this machine, run over files that live as long as one call. Tests that need it are registered where it is. */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
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

/** A TLS server of openssl that takes only clients whose certificate it knows, and says so with an alert, as gateways do. */
export async function strictTlsServer(options: {
  key: string
  cert: string
  /** PEM of the one client certificate that it takes. */
  known: string
  version: 'TLSv1.2' | 'TLSv1.3'
}): Promise<{ port: number; close(): void }> {
  const folder = mkdtempSync(join(tmpdir(), 'vidimus-openssl-'))
  for (const name of ['key', 'cert', 'known'] as const) writeFileSync(join(folder, name), options[name])
  const files = ['-key', 'key', '-cert', 'cert', '-CAfile', 'known']
  const strict = ['-Verify', '1', '-verify_return_error', options.version === 'TLSv1.2' ? '-tls1_2' : '-tls1_3']
  const server = spawn('openssl', ['s_server', '-accept', '127.0.0.1:0', '-www', ...files, ...strict], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  let said = ''
  for await (const part of server.stdout.iterator({ destroyOnReturn: false })) {
    said += part
    const [, port] = /ACCEPT 127\.0\.0\.1:(\d+)/.exec(said) ?? []
    if (port === undefined) continue
    server.stdout.resume()
    return {
      port: Number(port),
      close() {
        server.kill()
        rmSync(folder, { recursive: true, force: true })
      },
    }
  }
  throw new Error('openssl s_server did not start')
}
