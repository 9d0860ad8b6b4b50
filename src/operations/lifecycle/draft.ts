/** `$draft` and `$clone`: an artefact, and all that it owns, once more as drafts (http://hl7.org/fhir/uv/crmi/, operations). */
import { sha256Hex } from '../../base/crypto/sha256.ts'
import { artefactCanonical, artefactName, statusOf } from '../../fhir/artefact.ts'
import { formatCanonical, parseCanonical } from '../../fhir/canonical.ts'
import { input } from '../../fhir/declare-parameter.ts'
import { elementInfo, primitiveFault } from '../../fhir/elements.ts'
import { badRequest, FhirError, issue, unprocessable } from '../../fhir/error.ts'
import { asJson, asResource } from '../../fhir/json.ts'
import { defineOperation, type OperationCall, textParameter } from '../../fhir/operation.ts'
import type { Resource } from '../../fhir/types.ts'
import { canonicalReferences } from '../../publish/dependencies/references.ts'
import type { OperationContext } from '../context.ts'
import { carryOut, idParameter, type Planned, returned } from './answer.ts'
import {
  type Held,
  lifecycleTypes,
  namedArtefact,
  relatedArtefacts,
  stands,
  storedAs,
  withComponents,
} from './artefact.ts'
import { asDraft, withMembers, withTexts } from './content.ts'

const versionParameter = input(
  'version',
  'string',
  'The business version of the draft, and of the drafts that it owns',
  '1..1',
)
const levels = { type: lifecycleTypes, instance: lifecycleTypes, affectsState: true, strict: true }

/** `$draft`: the next version of an active artefact. */
export const draft = defineOperation<OperationContext>({
  name: 'draft',
  title: 'Draft',
  description:
    'Creates the draft of the next version of an active artefact, and of all that it owns. Period of effect, dates of approval and review, release label and narrative are left out.',
  base: 'http://hl7.org/fhir/uv/crmi/OperationDefinition/crmi-draft',
  ...levels,
  parameters: [idParameter, versionParameter, returned],
  handle: async (call, { storage, now }) => {
    const version = newVersion(call)
    const root = await namedArtefact(call, storage)
    refuseUnlessActive(root)
    const tree = await withComponents(root, storage, ([first], { canonical, path }) => {
      if (first && stands(first, 'active')) return first
      throw unprocessable(
        { text: `${canonical} has no active version to be drafted.`, expression: path },
        'business-rule',
      )
    })
    const day = now().toISOString().slice(0, 10)
    const names = new Map(tree.map(({ resource }) => [artefactName(resource), urlOf(resource)]))
    return carryOut(call, await planned(tree, { version, day, names, storage }), { day })
  },
})

/** `$clone`: another artefact of the content of one, whatever its status. */
export const clone = defineOperation<OperationContext>({
  name: 'clone',
  title: 'Clone',
  description:
    'Creates a new artefact, as a draft, from one of any status, and clones of all that it owns. Each gets a canonical of its own and says what it is derived from.',
  base: 'http://hl7.org/fhir/uv/crmi/OperationDefinition/crmi-clone',
  ...levels,
  parameters: [
    idParameter,
    versionParameter,
    input('url', 'uri', 'The canonical of the clone; by default that of the original with the new id at its end'),
    returned,
  ],
  handle: async (call, { storage, now, uuid }) => {
    const version = newVersion(call)
    const url = textParameter(call.parameters, 'url')
    if (url !== undefined && !/^(?:https?:|urn:)[^\s|#]+$/.test(url))
      throw badRequest({ text: 'url is a canonical without version.', expression: at('url') }, 'value')
    const root = await namedArtefact(call, storage)
    const tree = await withComponents(root, storage, (candidates) => candidates[0] ?? root)
    const day = now().toISOString().slice(0, 10)
    const names = new Map(
      tree.map(({ resource }, number) => {
        const own = urlOf(resource)
        return [artefactName(resource), number === 0 && url !== undefined ? url : own.replace(/[^/:]+$/, uuid())]
      }),
    )
    const plan = await planned(tree, { version, day, names, storage })
    return carryOut(call, plan.map(withOrigin(tree)), { day })
  },
})

const at = (name: string) => `Parameters.parameter.where(name='${name}')`

/** The version that a call gives. @throws FhirError 400, 422 */
export function newVersion({ parameters }: OperationCall): string {
  const version = textParameter(parameters, 'version')
  if (version === undefined) throw badRequest({ text: 'version is required.', expression: at('version') }, 'required')
  if (/^[A-Za-z0-9][A-Za-z0-9.+_-]{0,63}$/.test(version) && primitiveFault('string', version) === undefined)
    return version
  const text = 'version must be up to 64 letters, digits and .+_- and begin with a letter or digit, such as 1.2.0.'
  throw unprocessable({ text, expression: at('version') }, 'value')
}

function refuseUnlessActive({ resource }: Held): void {
  if (statusOf(resource) === 'active') return
  const text = `Only an active artefact is drafted; ${artefactName(resource)} is ${statusOf(resource)}. $clone makes a new artefact of one of any status.`
  throw unprocessable({ text, expression: `${resource.resourceType}.status` }, 'business-rule')
}

function urlOf(resource: Resource): string {
  const url = artefactCanonical(resource)?.url
  if (url !== undefined) return url
  const text = `${resource.resourceType}/${resource.id} has no url, and without one no versions.`
  throw unprocessable({ text, expression: `${resource.resourceType}.url` }, 'required')
}

interface Planning {
  version: string
  day: string
  /** The urls of the drafts, by what they are made of. */
  names: ReadonlyMap<string, string>
  storage: OperationContext['storage']
}

/** The drafts of a tree, which refer to each other as the originals do. */
async function planned(tree: Held[], { version, day, names, storage }: Planning): Promise<Planned[]> {
  const plan: Planned[] = []
  for (const { resource } of tree) {
    const url = names.get(artefactName(resource)) ?? urlOf(resource)
    const type = resource.resourceType
    const name = formatCanonical(url, version)
    const [taken] = (await storedAs(name, storage)).filter((each) => each.resource.resourceType === type)
    if (taken) {
      const text = `${name} is stored already as ${type}/${taken.resource.id}: choose another version.`
      throw new FhirError(422, issue('duplicate', { text, expression: at('version') }))
    }
    const id = idOf(url, version)
    const made = withMembers(asDraft(resource, { id, version, day }), { url })
    plan.push({ method: 'PUT', type, id, resource: renamed(made, { version, names }) })
  }
  await refuseTaken(plan, storage)
  return plan
}

/** The same for the same name every time, so that a call that is made twice makes one draft. */
function idOf(url: string, version: string): string {
  const tail = url.split(/[/:]/).pop() ?? ''
  const hash = sha256Hex(formatCanonical(url, version)).slice(0, 8)
  return `${`${tail}-${version}`.replace(/[^A-Za-z0-9\-.]/g, '-').slice(0, 55)}-${hash}`
}

async function refuseTaken(plan: Planned[], storage: OperationContext['storage']): Promise<void> {
  for (const { type, id } of plan)
    if ((await storage.read(type, id))?.resource)
      throw new FhirError(409, issue('conflict', `${type}/${id}, the id of the draft, belongs to another artefact.`))
}

/** References to what is drafted with it lead to the drafts. */
function renamed(resource: Resource, { version, names }: Pick<Planning, 'version' | 'names'>): Resource {
  const byUrl = new Map([...names].map(([name, url]) => [parseCanonical(name).url, url]))
  const texts = new Map<string, string>()
  const note = (canonical: string, path: string, versionPath?: string) => {
    const { url } = parseCanonical(canonical)
    const next = byUrl.get(url)
    if (next === undefined) return
    texts.set(path, versionPath === undefined ? formatCanonical(next, version) : next)
    if (versionPath !== undefined) texts.set(versionPath, version)
  }
  for (const { canonical, path, versionPath, role } of canonicalReferences(resource))
    if (role === 'needed') note(canonical, path, versionPath)
  for (const { canonical, path, kind } of relatedArtefacts(resource))
    if (kind === 'composed-of' || kind === 'depends-on') note(canonical, path)
  return withTexts(resource, texts)
}

/** A clone says what it was made of, where its type has a place for that. */
const withOrigin =
  (tree: readonly Held[]) =>
  (planned: Planned, number: number): Planned => {
    const origin = tree[number]?.resource
    if (!origin) return planned
    const entry = { type: 'derived-from', resource: artefactName(origin) }
    const { relatedArtifact, extension } = asJson(planned.resource)
    if (elementInfo(planned.type, 'relatedArtifact')) {
      const list = Array.isArray(relatedArtifact) ? relatedArtifact : []
      return { ...planned, resource: withMembers(planned.resource, { relatedArtifact: [...list, entry] }) }
    }
    const list = Array.isArray(extension) ? extension : []
    const url = 'http://hl7.org/fhir/StructureDefinition/artifact-relatedArtifact'
    const extended = [...list, { url, valueRelatedArtifact: entry }]
    return { ...planned, resource: asResource({ ...asJson(planned.resource), extension: extended }) }
  }
