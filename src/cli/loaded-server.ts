import type { Config } from '../config.ts'
import { checkResource } from '../fhir/check/resource.ts'
import { parseXml } from '../fhir/xml/read.ts'
import { type ImportOptions, loadFolder } from '../packages/load.ts'
import { reportLines } from '../packages/report.ts'
import { createServer, ownContentFolders, type VidimusServer } from '../server.ts'
import { parseMap } from '../structure-map/maps.ts'
import { whereabouts } from '../terminology/names.ts'
import { ownContentGate } from './own-content.ts'

/** How packages are read: every format that the server knows, each resource checked before it is stored. */
export const importOptions = ({ storage, publish }: Pick<VidimusServer, 'storage' | 'publish'>): ImportOptions => ({
  storage,
  gate: publish,
  parseXml,
  parseMap,
  validate: checkResource,
  whereabouts,
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
  const options = { ...importOptions(server), gate: ownContentGate(server.publish) }
  for (const report of await loadFolder(folder, options)) {
    const { entries } = report
    if (entries.some(({ status, isDraft }) => status === 'failed' || isDraft))
      console.error(reportLines(report).join('\n'))
    if (entries.some(({ isConflict }) => isConflict))
      console.error(
        `${folder}: content of this version of the software differs from what it published before under the same url and version; what is stored stays in use. Its publisher must raise the version.`,
      )
  }
}
