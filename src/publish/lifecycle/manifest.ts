/** Manifests as requests name them: found, whole, and every artefact that they name here (http://hl7.org/fhir/uv/crmi/, version manifest). */
import { artefactName, isNamedBy, statusOf } from '../../fhir/artefact.ts'
import { formatCanonical, parseCanonical } from '../../fhir/canonical.ts'
import { FhirError, issue, notFound, unprocessable } from '../../fhir/error.ts'
import { parameterValue } from '../../fhir/operation.ts'
import type { Issue, Library, Parameter, Resource } from '../../fhir/types.ts'
import { keptByRevision } from '../../storage/by-revision.ts'
import { findByCanonical } from '../../storage/find-artefacts.ts'
import type { Storage } from '../../storage/storage.ts'
import type { Terminology } from '../../terminology/terminology.ts'
import { canonicalTypes } from '../package/find.ts'
import { expansionParametersOf, manifestEntries, manifestFaults } from './manifest-shape.ts'

/** One artefact that a manifest names. */
export interface Pin {
  url: string
  version: string
  /** What is stored of that name; of a code system that the terminology has built in, nothing. */
  resources: Resource[]
}

/** A manifest that can be held to. */
export interface Manifest {
  /** `url|version`. */
  name: string
  pins: Pin[]
  versions: ReadonlyMap<string, string>
  /** Its parameters of expansions, as they stand in it. */
  parameters: Parameter[]
}

/** Reads manifests, each once until something is published. */
export type ReadManifest = (canonical: string) => Promise<Manifest>

const expression = "Parameters.parameter.where(name='manifest')"
/** Manifests that are remembered. */
const mostKept = 50
/** Faults of a manifest that are told. */
const mostFaults = 20

/**
 * Reads manifests of a store.
 * @throws FhirError 404 for one that is not here, or not active and not named with its version; 422 for one that is none, is not whole, or
 * names what is not stored
 */
export function manifestReader(environment: Environment): ReadManifest {
  const known = keptByRevision<Promise<Manifest>>(() => environment.storage.revision(), mostKept)
  return (canonical) => known().of(canonical, () => read(canonical, environment))
}

interface Environment {
  storage: Storage
  terminology: Pick<Terminology, 'check'>
}

async function read(canonical: string, environment: Environment): Promise<Manifest> {
  const library = await find(canonical, environment.storage)
  const name = artefactName(library)
  const faults = manifestFaults(library).map((each) => issue('invalid', { text: `${name} ${each}`, expression }))
  if (faults.length > 0) throw new FhirError(422, faults.slice(0, mostFaults))
  const versions = new Map<string, string>()
  const given = expansionParametersOf(library)
  const parameters: Parameter[] = []
  for (const each of typeof given === 'object' ? (given.parameter ?? []) : []) {
    if (canonicalVersions.includes(each.name)) pinFurther(each, versions, name)
    else parameters.push(each)
  }
  for (const { canonical: entry } of manifestEntries(library)) {
    const { url, version = '' } = parseCanonical(entry)
    const other = versions.get(url)
    if (other !== undefined && other !== version)
      throw unprocessable({ text: `${name} names ${url} in two versions, ${other} and ${version}`, expression })
    versions.set(url, version)
  }
  const pins: Pin[] = []
  const missing: Issue[] = []
  for (const [url, version] of versions) {
    const resources = await stored(url, version, environment)
    if (resources) pins.push({ url, version, resources })
    else {
      const text = `${name} names ${formatCanonical(url, version)}, which is not stored on this server`
      missing.push(issue('not-found', { text, expression }))
    }
  }
  if (missing.length > 0) throw new FhirError(422, missing.slice(0, mostFaults))
  return { name, pins, versions, parameters }
}

/** Parameters of a manifest that pin any artefact (CRMI 1.0.0 and 2.0.0). */
const canonicalVersions = ['canonicalVersion', 'default-canonical-version']

function pinFurther(parameter: Parameter, versions: Map<string, string>, name: string): void {
  const value = parameterValue(parameter)
  const { url, version } = parseCanonical(typeof value === 'string' ? value : '')
  if (url === '' || version === undefined)
    throw unprocessable({ text: `${name}: ${parameter.name} has the form url|version`, expression })
  if ((versions.get(url) ?? version) !== version)
    throw unprocessable({
      text: `${name} names ${url} in two versions, ${versions.get(url)} and ${version}`,
      expression,
    })
  versions.set(url, version)
}

async function find(canonical: string, storage: Storage): Promise<Library> {
  const found = await findByCanonical(storage, 'Library', canonical)
  const fit = found.find((each) => isNamedBy(canonical, each))
  if (fit) return fit
  const [other] = found
  const shown = canonical.slice(0, 250)
  if (!other) throw notFound({ text: `The manifest ${shown} is not known to this server`, expression })
  const text = `The manifest ${shown} is not active on this server; name ${artefactName(other)} to use what is ${statusOf(other)}`
  throw notFound({ text, expression })
}

/** What is stored under a name, of whatever type; undefined when there is nothing, and the terminology has it not built in either. */
async function stored(url: string, version: string, environment: Environment): Promise<Resource[] | undefined> {
  const found: Resource[] = []
  for (const type of canonicalTypes)
    found.push(...(await findByCanonical(environment.storage, type, formatCanonical(url, version))))
  if (found.length > 0) return found
  const compose = { include: [{ system: url, version }] }
  const issues = await environment.terminology.check({ resourceType: 'ValueSet', status: 'draft', compose })
  return issues.length === 0 ? [] : undefined
}
