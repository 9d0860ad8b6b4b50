/** The whole of a kit: that it is exactly what its manifest says, and lacks nothing that it needs. */
import { isJsonObject, objectsIn } from '../base/json.ts'
import type { Json, JsonObject } from '../base/json-value.ts'
import { artefactName } from '../fhir/artefact.ts'
import { parseCanonical } from '../fhir/canonical.ts'
import { isAnyResource } from '../fhir/json.ts'
import { archiveParts, pieceOf } from './archive/archive.ts'
import { readSources } from './content/trust-files.ts'
import { KitError, shown } from './kit-error.ts'
import { type KitFile, manifestName, signatureName } from './manifest.ts'
import type { OpenedKit } from './open-kit.ts'

/**
 * Checks every file of a kit, and that the file as a whole is the one way to write it.
 * @throws KitError
 */
export function checkKit(kit: OpenedKit, bytes: Uint8Array): void {
  const { manifest, archive } = kit
  for (const file of manifest.files) checkFile(file, kit)
  // Packed anew: the same content could be packed in many ways, and one of them is the kit's.
  const pieces = manifest.files.map(({ file }) => pieceOf(file, kit.read(file)))
  const own = [
    pieceOf(manifestName, archive.manifestBytes),
    pieceOf(signatureName, Buffer.from(archive.signature, 'latin1')),
  ]
  let at = 0
  for (const part of archiveParts([...pieces, ...own], manifestName)) {
    if (Buffer.compare(part, bytes.subarray(at, at + part.length)) !== 0)
      throw new KitError('content', `the kit is not as one is written, from byte ${at} on`)
    at += part.length
  }
  if (at !== bytes.length) throw new KitError('content', 'something follows the end of the kit')
  checkPlans(kit)
  readSources({ read: kit.json, madeAt: kit.proved.madeAt })
}

function checkFile({ file, canonical, type }: KitFile, kit: OpenedKit): void {
  const content = kit.read(file)
  if (type === undefined) {
    if (file.endsWith('.json')) kit.json(file)
    if (canonical !== undefined) throw new KitError('content', `${file}: it has a canonical, and no type`)
    return
  }
  const resource: Json = kit.json(file)
  if (!isAnyResource(resource) || resource.resourceType !== type)
    throw new KitError('content', `${file} holds no ${shown(type)}`)
  const name = artefactName(resource)
  if (name !== canonical)
    throw new KitError('content', `${file} holds ${shown(name)}, and the manifest names ${shown(String(canonical))}`)
  if (content.length === 0) throw new KitError('content', `${file} is empty`)
}

/** Rule sets have the libraries that they name, unless the server did not have them either. */
function checkPlans(kit: OpenedKit): void {
  const { files, missing, withheld } = kit.manifest
  const libraries = files.flatMap(({ type, canonical }) =>
    type === 'Library' && canonical !== undefined ? [canonical] : [],
  )
  const told = [...missing, ...withheld].map(({ canonical }) => canonical)
  for (const { file, type } of files) {
    if (type !== 'PlanDefinition') continue
    for (const wanted of librariesOf(kit.json(file))) {
      const isThere = [...libraries, ...told].some((each) => isMeant(wanted, each))
      if (!isThere) throw new KitError('missing', `${file} needs the Library ${shown(wanted)}, which is not in the kit`)
    }
  }
}

function librariesOf(plan: Json): string[] {
  if (!isJsonObject(plan)) return []
  const own = Array.isArray(plan.library) ? plan.library.map(String) : []
  return [
    ...own,
    ...conditionsOf(plan).flatMap(({ expression }) => {
      const reference = isJsonObject(expression) ? expression.reference : undefined
      return typeof reference === 'string' ? [reference] : []
    }),
  ]
}

const conditionsOf = (action: JsonObject): JsonObject[] => [
  ...objectsIn(action.condition),
  ...objectsIn(action.action).flatMap(conditionsOf),
]

function isMeant(wanted: string, there: string): boolean {
  const [asked, found] = [parseCanonical(wanted), parseCanonical(there)]
  return (
    asked.url === found.url &&
    (asked.version === undefined || found.version === undefined || asked.version === found.version)
  )
}
