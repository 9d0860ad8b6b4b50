/** The manifest of a FHIR package (`package.json`, https://hl7.org/fhir/packages.html). */
import { isJsonObject } from '../base/json.ts'
import type { Json, JsonObject } from '../base/json-value.ts'
import { FhirError, issue } from '../fhir/error.ts'
import { parseJson } from '../fhir/json.ts'
import type { Issue } from '../fhir/types.ts'
import type { ArchiveFile } from './tar.ts'

/** What a package says of itself. */
export interface Manifest {
  name?: string
  version?: string
  fhirVersion?: string
  /** Canonical base of its artefacts. */
  canonical?: string
  dependencies: [name: string, version: string][]
}

/** The manifest where there is one; one that cannot be read is an issue, and the files around it count all the same. */
export function readManifest(files: ArchiveFile[]): { manifest?: Manifest; fault?: Issue } {
  const file = files.find((each) => each.name === 'package/package.json' || each.name === 'package.json')
  if (!file) return {}
  const unreadable = (why: string) => ({
    manifest: { dependencies: [] },
    fault: issue('structure', { severity: 'warning', text: `${file.name} cannot be read: ${why}` }),
  })
  let content: Json
  try {
    content = parseJson(file.bytes)
  } catch (error) {
    if (!(error instanceof FhirError)) throw error
    return unreadable(error.message)
  }
  return isJsonObject(content) ? { manifest: manifestOf(content) } : unreadable('it is no JSON object')
}

function manifestOf(content: JsonObject): Manifest {
  const word = (value: Json | undefined) => (typeof value === 'string' ? value : undefined)
  const { dependencies } = content
  const made: Manifest = { dependencies: [] }
  if (isJsonObject(dependencies)) {
    made.dependencies = Object.entries(dependencies).map(([name, version]) => [name, word(version) ?? ''])
  }
  // FHIR packages of before 2020 write it with a dash.
  const versions = content.fhirVersions ?? content['fhir-version-list']
  const fhirVersion = Array.isArray(versions) ? word(versions[0]) : undefined
  const [name, version, canonical] = [word(content.name), word(content.version), word(content.canonical)]
  return {
    ...made,
    ...(name !== undefined && { name }),
    ...(version !== undefined && { version }),
    ...(canonical !== undefined && { canonical }),
    ...(fhirVersion !== undefined && { fhirVersion }),
  }
}
