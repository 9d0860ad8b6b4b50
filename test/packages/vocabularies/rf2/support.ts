import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { writeRelease } from '../../../../bench/support/rf2-release.ts'
import { importRelease, type ReleaseEngine } from '../../../../src/packages/vocabularies/rf2/import-release.ts'
import { headOf } from '../../../../src/terminology/code-system/concept-index.ts'
import { LAYOUT_VERSION } from '../../../../src/terminology/code-system/large/layout.ts'
import { openCodeSystem } from '../../../../src/terminology/vocabularies/open.ts'
import { snomedCodeSystem } from '../../../../src/terminology/vocabularies/snomed/code-system.ts'
import { createSnomedWriter } from '../../../../src/terminology/vocabularies/snomed/write-content.ts'

/** As the server imports releases. */
export const engine: ReleaseEngine = {
  layout: LAYOUT_VERSION,
  head: snomedCodeSystem,
  createWriter: ({ head, ...given }) => createSnomedWriter({ head: headOf(head), ...given }),
  countConcepts: (head, index) => openCodeSystem(head, index).all.size(),
}

/** A folder for a test, with a made release in it. */
export function releaseBed(options: Partial<Parameters<typeof writeRelease>[1]> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'vidimus-rf2-'))
  const release = join(folder, 'release')
  const made = writeRelease(release, { concepts: 300, ...options })
  const indexes = join(folder, 'indexes')
  return {
    folder,
    release,
    made,
    indexes,
    /** A copy of the release that may be spoilt. */
    copy: (name: string): string => {
      cpSync(release, join(folder, name), { recursive: true })
      return join(folder, name)
    },
    import: (path: string, version?: string) =>
      importRelease(path, { engine, folder: indexes, version, onProgress: () => {} }),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}
