import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openLoadedServer } from '../../src/cli/loaded-server.ts'
import { readConfig } from '../../src/config.ts'
import type { ServerParts, VidimusServer } from '../../src/server.ts'

/** A server over an in-memory store with the own content, and a data folder that goes with it. */
export async function openTestServer(
  environment: Record<string, string> = {},
  parts: ServerParts = {},
): Promise<{ server: VidimusServer; dataDir: string; close(): Promise<void> }> {
  const dataDir = mkdtempSync(join(tmpdir(), 'vidimus-test-'))
  const server = await openLoadedServer(
    readConfig({
      STORAGE_URL: 'sqlite::memory:',
      DATA_DIR: dataDir,
      PORT: '0',
      DEVELOPMENT_TOKEN: 'test',
      ALLOW_REQUEST_TRUST_ANCHORS: 'true',
      ACCESS_LOG: 'off',
      ...environment,
    }),
    parts,
  )
  return {
    server,
    dataDir,
    async close() {
      await server.close()
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}
