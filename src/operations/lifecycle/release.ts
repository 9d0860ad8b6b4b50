/** `$release`: a draft and all that it owns become active, or nothing does (http://hl7.org/fhir/uv/crmi/, operations). */
import { artefactCanonical, artefactName, statusOf } from '../../fhir/artefact.ts'
import { input } from '../../fhir/declare-parameter.ts'
import { primitiveFault } from '../../fhir/elements.ts'
import { badRequest, FhirError, isError, unprocessable } from '../../fhir/error.ts'
import { booleanParameter, defineOperation, type OperationCall, textParameter } from '../../fhir/operation.ts'
import type { Resource } from '../../fhir/types.ts'
import type { OperationContext } from '../context.ts'
import { carryOut, idParameter, type Planned, returned, signingParameters, today } from './answer.ts'
import { type Held, lifecycleTypes, namedArtefact, stands, withComponents } from './artefact.ts'
import { withExtension, withMembers, withTexts } from './content.ts'
import { newVersion } from './draft.ts'
import { type ReferenceDemands, settleReferences } from './release-references.ts'

const releaseLabelUrl = 'http://hl7.org/fhir/StructureDefinition/artifact-releaseLabel'
const versionBehaviors = ['default', 'check', 'force']
const experimentalBehaviors = ['none', 'warn', 'error']

/** `$release`. */
export const release = defineOperation<OperationContext>({
  name: 'release',
  title: 'Release',
  description:
    'Makes a draft active, with all drafts that it owns: version and date are fixed, references are pinned when asked. All of it, or nothing. With prepareOnly it answers the bytes that are to be signed; the signature comes as X-Provenance with the call that has `prepared`.',
  base: 'http://hl7.org/fhir/uv/crmi/OperationDefinition/crmi-release',
  type: lifecycleTypes,
  instance: lifecycleTypes,
  affectsState: true,
  strict: true,
  parameters: [
    idParameter,
    input('version', 'string', 'The business version', '1..1'),
    input(
      'versionBehavior',
      'code',
      'default: for those that have none; check: every other one is an error; force: for all',
      '1..1',
    ),
    input(
      'requireVersionSpecificReferences',
      'boolean',
      'References without version get that of the active artefact they lead to; one that leads nowhere is an error',
    ),
    input('requireActiveReferences', 'boolean', 'Everything that is referred to, directly or not, must be active'),
    input(
      'latestFromTxServer',
      'boolean',
      'Ask the server of origin of a value set for its newest version; this server asks no other one, so that a value set with such an origin is an error',
    ),
    input('experimentalBehavior', 'code', 'none, warn or error: when what is not experimental refers to what is'),
    input('releaseDate', 'dateTime', 'The date of all that is released; by default today'),
    input('releaseLabel', 'string', 'A label for all that is released'),
    ...signingParameters,
    returned,
  ],
  handle: async (call, context) => {
    const wishes = readWishes(call, context.now)
    const root = await namedArtefact(call, context.storage)
    if (!stands(root, 'draft')) throw notDraft(root.resource)
    const tree = await withComponents(root, context.storage, chooseComponent(wishes))
    const drafts = tree.filter((each) => !stands(each, 'active'))
    const released = drafts.map((held) => ({ held, made: asReleased(held, wishes) }))
    const { issues, pins } = await settleReferences(released, wishes, { call, context })
    if (issues.some(isError)) throw new FhirError(422, issues.filter(isError))
    const plan = released.map(({ held, made }): Planned => {
      const { resourceType: type, id = '' } = held.resource
      const resource = withTexts(made, pins.get(made) ?? new Map())
      return { method: 'PUT', type, id, resource, ifMatch: [held.versionId] }
    })
    return carryOut(call, plan, { day: wishes.day, remarks: issues })
  },
})

/** What a call asks for. */
interface Wishes extends ReferenceDemands {
  version: string
  versionBehavior: string
  day: string
  date: string
  label: string | undefined
}

function readWishes(call: OperationCall, now: () => Date): Wishes {
  const { parameters } = call
  const code = (name: string, codes: string[], otherwise?: string) => {
    const given = textParameter(parameters, name) ?? otherwise
    const expression = at(name)
    if (given === undefined)
      throw badRequest({ text: `${name} is required: ${codes.join(', ')}.`, expression }, 'required')
    if (!codes.includes(given))
      throw unprocessable({ text: `${name} is one of ${codes.join(', ')}.`, expression }, 'code-invalid')
    return given
  }
  const day = today(call, now)
  const date = textParameter(parameters, 'releaseDate') ?? day
  if (primitiveFault('dateTime', date) !== undefined)
    throw unprocessable({ text: 'releaseDate is a FHIR dateTime.', expression: at('releaseDate') }, 'value')
  return {
    version: newVersion(call),
    versionBehavior: code('versionBehavior', versionBehaviors),
    requiresVersions: booleanParameter(parameters, 'requireVersionSpecificReferences') ?? false,
    requiresActive: booleanParameter(parameters, 'requireActiveReferences') ?? false,
    asksOrigin: booleanParameter(parameters, 'latestFromTxServer') ?? false,
    experimental: code('experimentalBehavior', experimentalBehaviors, 'none'),
    day,
    date,
    label: textParameter(parameters, 'releaseLabel'),
  }
}

const at = (name: string) => `Parameters.parameter.where(name='${name}')`

function notDraft(resource: Resource): FhirError {
  const text = `Only a draft is released; ${artefactName(resource)} is ${statusOf(resource)}.`
  return unprocessable({ text, expression: `${resource.resourceType}.status` }, 'business-rule')
}

/** Of what a component may mean: the one draft, else what is active already. Two drafts are a question. */
const chooseComponent =
  ({ version }: Wishes) =>
  (candidates: Held[], { canonical, path }: { canonical: string; path: string }): Held => {
    const drafts = candidates.filter((each) => stands(each, 'draft'))
    const [draft, ...others] =
      drafts.length > 1 ? drafts.filter(({ resource }) => artefactCanonical(resource)?.version === version) : drafts
    const active = candidates.find((each) => stands(each, 'active'))
    if (draft && others.length === 0) return draft
    if (drafts.length === 0 && active) return active
    const why =
      drafts.length > 0 ? `${drafts.length} drafts of it are stored: name one with its version` : 'it is retired'
    throw unprocessable(
      { text: `The component ${canonical} cannot be released: ${why}.`, expression: path },
      'business-rule',
    )
  }

/** A draft as it is released, its references aside. */
function asReleased({ resource }: Held, { version, versionBehavior, date, label }: Wishes): Resource {
  const own = artefactCanonical(resource)?.version
  if (versionBehavior === 'check' && own !== undefined && own !== version) {
    const text = `${artefactName(resource)} has the version ${own}, and not ${version} (versionBehavior check).`
    throw unprocessable({ text, expression: `${resource.resourceType}.version` }, 'business-rule')
  }
  const kept = versionBehavior === 'default' && own !== undefined ? own : version
  const made = withMembers(resource, { status: 'active', version: kept, date })
  return label === undefined ? made : withExtension(made, releaseLabelUrl, { valueString: label })
}
