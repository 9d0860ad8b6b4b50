import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readConfig } from '../../config.ts'
import { badRequest } from '../../fhir/error.ts'
import {
  FILES,
  INDEXES_FOLDER,
  type IndexManifest,
  readIndex,
} from '../../packages/large-code-system/code-system-index.ts'
import { readSections } from '../../terminology/code-system/large/layout.ts'
import { snomedCodeSystem } from '../../terminology/vocabularies/snomed/code-system.ts'
import { compiledSnomed } from '../../terminology/vocabularies/snomed/compiled-content.ts'
import type { SnomedContent } from '../../terminology/vocabularies/snomed/content.ts'
import { compareSnomedVersions, isOfEdition, SNOMED } from '../../terminology/vocabularies/snomed/version-uri.ts'

/** A release that was imported: its version, and the folder of its index. */
interface Imported {
  version: string
  name: string
}

/**
 * The release of a version or an edition that was imported into DATA_DIR, without one the newest; undefined when there is none at all. It
 * is read from its file: no server need run, and none is disturbed.
 * @throws FhirError for a version that is not there, Error for a file that is damaged
 */
export async function openRelease(version: string | undefined): Promise<SnomedContent | undefined> {
  const folder = join(readConfig().dataDir, INDEXES_FOLDER)
  const releases = await releasesIn(folder)
  const isMeant = (each: Imported) =>
    version === undefined || each.version === version || isOfEdition(version, each.version)
  const [newest] = releases.filter(isMeant).sort((a, b) => compareSnomedVersions(b.version, a.version) ?? 0)
  if (newest) {
    const { index } = await readIndex(folder, newest.name)
    return compiledSnomed(snomedCodeSystem(newest.version), readSections(index)).content
  }
  if (version === undefined) return undefined
  const known = releases.map((each) => each.version).join(', ')
  throw badRequest(
    `No release of SNOMED CT is of '${version}': ${known === '' ? 'none was imported' : `there is ${known}`}.`,
  )
}

/** What the manifests of the indexes in a folder name; those that are still being made have other names. */
async function releasesIn(folder: string): Promise<Imported[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  const releases: Imported[] = []
  for (const name of names.filter((each) => !each.startsWith('.'))) {
    const manifest: IndexManifest = JSON.parse(await readFile(join(folder, name, FILES.manifest), 'utf8'))
    const [url, version] = manifest.canonical.split('|')
    if (url === SNOMED && version !== undefined) releases.push({ version, name })
  }
  return releases
}
