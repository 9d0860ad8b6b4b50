import { join } from 'node:path'
import type { Config } from '../config.ts'
import { INDEXES_FOLDER } from '../packages/large-code-system/code-system-index.ts'
import { type ImportOptions, importFolder } from '../publish/import/import-package.ts'
import type { Alone } from '../publish/import/in-turn.ts'
import { ownContentGate, readRecord } from '../publish/import/own-content.ts'
import { reportLines } from '../publish/import/report.ts'
import { contentRecord, createServer, ownContentFolders, type ServerParts, type VidimusServer } from '../server.ts'
import { takeTurn } from '../storage/lease.ts'

/** What imports into the store of a server: they pass its checks. */
export const importOptions = ({
  storage,
  publish,
  config,
}: Pick<VidimusServer, 'storage' | 'publish' | 'config'>): ImportOptions & { indexes: string } => ({
  storage,
  gate: publish,
  indexes: join(config.dataDir, INDEXES_FOLDER),
  knownPackages: ['hl7.terminology.r4', 'hl7.terminology'],
})

/** Imports in turn with the other processes over the same store. */
export const inTurn =
  ({ storage: { records } }: Pick<VidimusServer, 'storage'>, job: string, waits?: () => void): Alone =>
  (work) =>
    takeTurn({ records, job, ...(waits ? { waits } : {}) }, work)

/** A server whose store holds the own content; a folder that did not change since the last start is not read again. */
export async function openLoadedServer(config: Config, parts: ServerParts = {}): Promise<VidimusServer> {
  const server = await createServer(config, parts)
  try {
    for (const folder of ownContentFolders) await loadOwnFolder(server, folder)
  } catch (error) {
    await server.close()
    throw error
  }
  return server
}

async function loadOwnFolder(server: VidimusServer, folder: string): Promise<void> {
  const gate = ownContentGate(server.publish, readRecord(contentRecord))
  const { indexes: _, ...options } = importOptions(server)
  const alone = inTurn(server, 'own content')
  for (const report of await importFolder(folder, { ...options, gate, alone })) {
    const { entries } = report
    if (entries.some(({ status, isDraft }) => status === 'failed' || isDraft))
      console.error(reportLines(report).join('\n'))
    if (entries.some(({ isConflict }) => isConflict))
      console.error(
        `${folder}: content of this version of the software differs from what it published before under the same url and version; what is stored stays in use. Its publisher must raise the version.`,
      )
  }
}
