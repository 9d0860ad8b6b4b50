import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, it } from 'node:test'
import { artefactName } from '../../../src/fhir/artefact.ts'
import type { Resource } from '../../../src/fhir/types.ts'
import type { PackageSource } from '../../../src/packages/files.ts'
import type { Gate } from '../../../src/publish/import/candidate.ts'
import { importPackage } from '../../../src/publish/import/import-package.ts'
import { openSqlite } from '../../../src/storage/sqlite/sqlite.ts'
import { makePackage } from '../../packages/make-archive.ts'
import { readCases } from '../../support/read-cases.ts'

interface Case {
  name: string
  files: Record<string, object | string>
  /** More files, in hexadecimal digits. */
  bytes?: Record<string, string>
  /** The manifest of a package; without it the files lie in a folder. */
  package?: object
  canonical?: string
  examples?: boolean
  /** By file: status, and a pattern of the reason where there is one. */
  entries: Record<string, string>
  /** `Type/id`, with `url|version` where that matters; `*` stands for a hash. */
  stored: string[]
  /** A pattern that one of the issues has. */
  says?: string
}

/** What is read and stored is what matters here: everything is fit. */
const gate: Gate = {
  admit: async (resource) => ({ resource, issues: [], isRefused: false }),
  compare: async () => ({ kind: 'new' }),
  displaces: async () => undefined,
  write: (write) => write,
}

function sourceOf({ files, bytes = {}, package: manifest }: Case, folder: string): PackageSource {
  if (manifest) return { bytes: makePackage(manifest, files), name: 'p.tgz' }
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content))
  }
  for (const [name, digits] of Object.entries(bytes)) writeFileSync(join(folder, name), Buffer.from(digits, 'hex'))
  return { path: folder }
}

const nameOf = (resource: Resource) => `${resource.resourceType}/${resource.id} ${artefactName(resource)}`

/** Whether a name is the one that is wanted, or begins with it where no canonical is wanted. */
function isLike(name: string, wanted: string): boolean {
  const pattern = wanted.replace(/[.|]/g, '\\$&').replace('*', '[0-9a-f]{12}')
  return new RegExp(`^${pattern}${wanted.includes(' ') ? '$' : ' '}`).test(name)
}

describe('an import takes', () => {
  for (const each of readCases<Case>(import.meta.url, 'cases/entries.json'))
    it(each.name, async () => {
      const folder = mkdtempSync(join(tmpdir(), 'vidimus-entries-'))
      const storage = openSqlite(':memory:')
      try {
        const { canonical, examples } = each
        const options = { storage, gate, ...(canonical && { canonical }), ...(examples && { examples }) }
        const report = await importPackage(sourceOf(each, folder), options)
        for (const [file, wanted] of Object.entries(each.entries)) {
          const found = report.entries.find((entry) => entry.file === file)
          const outcome = [found?.status, found?.reason].filter(Boolean).join(': ')
          assert.match(outcome, new RegExp(`^${wanted}${wanted.includes(': ') ? '' : '$'}`), file)
        }
        const { matches } = await storage.history({ count: 100 })
        const stored = matches.flatMap(({ resource }) => (resource ? [nameOf(resource)] : []))
        assert.equal(stored.length, each.stored.length, stored.join(', '))
        for (const wanted of each.stored)
          assert.ok(
            stored.some((name) => isLike(name, wanted)),
            `${wanted} is not among ${stored.join(', ')}`,
          )
        if (each.says) assert.match(report.issues.map(({ details }) => details?.text).join('\n'), new RegExp(each.says))
      } finally {
        await storage.close()
        rmSync(folder, { recursive: true })
      }
    })
})
