import { createHash } from 'node:crypto'
import { isCopy, statusOf } from '../../fhir/artefact.ts'
import { input, output } from '../../fhir/declare-parameter.ts'
import { badRequest, FhirError, isError, operationOutcome, unprocessable } from '../../fhir/error.ts'
import {
  booleanParameter,
  defineOperation,
  firstParameter,
  type OperationCall,
  parameterValue,
  textParameters,
} from '../../fhir/operation.ts'
import type { Bundle, BundleEntry, Issue, Resource } from '../../fhir/types.ts'
import { canonicalTypes } from '../../publish/package/find.ts'
import { makePackage, type Package } from '../../publish/package/package.ts'
import type { OperationContext } from '../context.ts'
import {
  bindingsOf,
  elsewhereParameters,
  refuseElsewhere,
  rootOf,
  rootParameters,
  versionParameters,
} from './common-parameters.ts'
import { treeEnvironment } from './environment.ts'

const capabilities = ['computable', 'executable', 'publishable']

/** `$package` of CRMI: an artefact and all that it leans on, as one Bundle. */
export const packageOperation = defineOperation<OperationContext>({
  name: 'package',
  title: 'Package',
  description:
    'Answers a Bundle of an artefact and everything that it leans on, the artefact first. What is not here is told in an OperationOutcome at its end; a package that is to be executable is refused then.',
  base: 'http://hl7.org/fhir/uv/crmi/OperationDefinition/crmi-package',
  type: [...canonicalTypes],
  instance: [...canonicalTypes],
  get: true,
  strict: true,
  costly: true,
  parameters: [
    ...rootParameters,
    input(
      'capability',
      'string',
      'computable, executable or publishable. The definitions come always; with executable value sets come with their members.',
      '0..*',
    ),
    input('terminologyCapabilities', 'canonical', 'Refused with 422: no other server is asked what it can expand.'),
    ...versionParameters,
    input('offset', 'integer', 'Artefacts to skip.'),
    input('count', 'integer', 'Most artefacts to answer; 0 for their number alone.'),
    input(
      'include',
      'string',
      'all, artifact, canonical, terminology, conformance, profiles, extensions, knowledge, or a resource type.',
      '0..*',
    ),
    input(
      'includeUri',
      'uri',
      'Canonical (url or url|version) of an artefact to package beside what include says.',
      '0..*',
    ),
    input('exclude', 'string', 'What to leave out, by the codes of include.', '0..*'),
    input('excludeUri', 'uri', 'Canonical (url or url|version) of an artefact to leave out.', '0..*'),
    input('packageOnly', 'boolean', 'Only artefacts below the same canonical base as the artefact itself.'),
    ...elsewhereParameters,
    input('_sign', 'boolean', "Sign the Bundle with this server's key; for an artefact that is active and its own."),
    output('return', 'Bundle', 'The package', '1..1'),
  ],
  async handle(call, context) {
    refuseElsewhere(call, ['terminologyCapabilities', 'artifactEndpointConfiguration', 'terminologyEndpoint'])
    const page = readPage(call)
    const asked = readCapabilities(call)
    const root = await rootOf(call, context)
    const sign = signer(call, context, root)
    const bindings = await bindingsOf(call, context)
    const faults: Issue[] = []
    const environment = treeEnvironment(call, context, { root, bindings, faults })
    const isExecutable = asked.includes('executable')
    const texts = (name: string) => textParameters(call.parameters, name)
    const made = await makePackage(
      {
        root,
        bindings,
        isExecutable,
        mostBytes: context.limits.replyBytes,
        selection: {
          include: texts('include'),
          includeUri: texts('includeUri'),
          exclude: texts('exclude'),
          excludeUri: texts('excludeUri'),
          packageOnly: booleanParameter(call.parameters, 'packageOnly') ?? false,
        },
      },
      environment,
    )
    const errors = faults.filter(isError)
    if (isExecutable && errors.length > 0) throw new FhirError(422, errors.slice(0, 100))
    const issues = [...errors.map((each): Issue => ({ ...each, severity: 'warning' })), ...made.issues]
    return { resource: await sign(bundleOf({ ...made, issues }, page, context.baseUrl())) }
  },
})

interface Page {
  offset: number
  /** Absent: all. */
  count: number | undefined
}

/** @throws FhirError 400 for a negative number */
function readPage({ parameters }: OperationCall): Page {
  const number = (name: string) => {
    const value = parameterValue(firstParameter(parameters, name))
    if (value === undefined) return undefined
    if (typeof value === 'number' && value >= 0) return value
    throw badRequest({ text: `${name} must be 0 or more`, expression: `Parameters.parameter.where(name='${name}')` })
  }
  return { offset: number('offset') ?? 0, count: number('count') }
}

/** @throws FhirError 422 naming a capability that is none of the operation's */
function readCapabilities({ parameters }: OperationCall): string[] {
  const asked = textParameters(parameters, 'capability')
  if (asked.every((each) => capabilities.includes(each))) return asked
  const expression = "Parameters.parameter.where(name='capability')"
  throw unprocessable({ text: `capability is one of ${capabilities.join(', ')}`, expression }, 'not-supported')
}

/**
 * What signs the Bundle, where that is asked for.
 * @throws FhirError 422 where this server has no key, or would vouch for what is not published or is another's
 */
function signer(
  { parameters }: OperationCall,
  { signatures }: OperationContext,
  root: Resource,
): (bundle: Bundle) => Promise<Bundle> {
  if (booleanParameter(parameters, '_sign') !== true) return async (bundle) => bundle
  const refused = (text: string) =>
    unprocessable({ text, expression: "Parameters.parameter.where(name='_sign')" }, 'not-supported')
  if (statusOf(root) !== 'active') throw refused('Only a package of an active artefact is signed')
  if (isCopy(root)) throw refused("A copy of another participant's artefact is not signed")
  return signatures.signBundle
}

/** Every artefact once, what is to be told at the end; a number alone is answered as a search is. */
function bundleOf({ resources, issues }: Package, { offset, count }: Page, base: string): Bundle {
  if (count === 0) return { resourceType: 'Bundle', type: 'searchset', total: resources.length }
  const shown = resources.slice(offset, count === undefined ? undefined : offset + count)
  const entry = shown.map((resource): BundleEntry => ({ fullUrl: fullUrlOf(resource, base), resource }))
  if (issues.length > 0) {
    const outcome = operationOutcome(issues)
    entry.push({ fullUrl: `urn:uuid:${uuidOf(JSON.stringify(outcome))}`, resource: outcome })
  }
  return { resourceType: 'Bundle', type: 'collection', ...(entry.length > 0 ? { entry } : {}) }
}

const fullUrlOf = ({ resourceType, id }: Resource, base: string) => `${base}/${resourceType}/${id}`

/** A UUID that the content tells (RFC 9562, version 8): the same package is the same bytes. */
function uuidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
