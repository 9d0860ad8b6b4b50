import type { Config } from '../config.ts'
import { checkResource } from '../fhir/structure.ts'
import { parseXml } from '../fhir/xml/read.ts'
import { type ImportOptions, loadFolder } from '../packages/load.ts'
import { reportLines } from '../packages/report.ts'
import { createServer, ownContentFolders, type VidimusServer } from '../server.ts'
import type { Storage } from '../storage/storage.ts'
import { parseMap } from '../structure-map/maps.ts'

/** How packages are read: every format that the server knows, each resource checked before it is stored. */
export const importOptions = (storage: Storage): ImportOptions => ({
  storage,
  parseXml,
  parseMap,
  validate: checkResource,
  knownPackages: ['hl7.terminology.r4', 'hl7.terminology'],
})

/** A server whose store holds the own content; a folder that did not change since the last start is not read again. */
export async function openLoadedServer(config: Config): Promise<VidimusServer> {
  const server = await createServer(config)
  try {
    for (const folder of ownContentFolders) await loadOwnFolder(server, folder)
  } catch (error) {
    await server.close()
    throw error
  }
  return server
}

async function loadOwnFolder(server: VidimusServer, folder: string): Promise<void> {
  for (const report of await loadFolder(folder, importOptions(server.storage))) {
    const failed = report.entries.filter((entry) => entry.status === 'failed')
    if (failed.length > 0) console.error(reportLines(report).join('\n'))
  }
}
