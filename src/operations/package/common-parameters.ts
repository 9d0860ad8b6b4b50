/** What `$package` and `$data-requirements` have in common: which artefact is meant, and in which versions others are. */
import { artefactName, isNamedBy } from '../../fhir/artefact.ts'
import { input } from '../../fhir/declare-parameter.ts'
import { notFound, unprocessable } from '../../fhir/error.ts'
import { isOfType } from '../../fhir/json.ts'
import {
  firstParameter,
  type OperationCall,
  type ParameterDeclaration,
  textParameter,
  textParameters,
} from '../../fhir/operation.ts'
import type { Library, Resource } from '../../fhir/types.ts'
import { manifestFaults } from '../../publish/lifecycle/manifest-shape.ts'
import { bindingParameters, readBindings, type VersionBindings } from '../../publish/package/bindings.ts'
import { findRoot } from '../../publish/package/find.ts'
import { findByCanonical } from '../../storage/find-artefacts.ts'
import type { OperationContext } from '../context.ts'

/** At type level one of these names the artefact. */
export const rootParameters: ParameterDeclaration[] = [
  input('id', 'string', 'Logical id of the artefact.', { scope: ['type'] }),
  input('url', 'uri', 'Canonical of the artefact, url or url|version.', { scope: ['type'] }),
  input('version', 'string', 'Business version of the artefact.', { scope: ['type'] }),
  input('identifier', 'string', 'Business identifier of the artefact, value or system|value.', { scope: ['type'] }),
]

/** Versions of what the artefact leans on. */
export const versionParameters: ParameterDeclaration[] = [
  input('artifactVersion', 'uri', 'Version (url|version) of an artefact where it is named without one.', '0..*'),
  input(
    'checkArtifactVersion',
    'uri',
    'The only version (url|version) in which an artefact may be named; another is an error.',
    '0..*',
  ),
  input('forceArtifactVersion', 'uri', 'Version (url|version) of an artefact, whatever a reference says.', '0..*'),
  input(
    'manifest',
    'canonical',
    'Library of the type asset-collection whose composed-of and depends-on count as artifactVersion.',
  ),
]

const refusal = 'Refused with 422: the server answers from its own artefacts and contacts no other.'

/** Endpoints of the standard operations; refused. */
export const elsewhereParameters: ParameterDeclaration[] = [
  input(
    'artifactEndpointConfiguration',
    [
      input('artifactRoute', 'uri', refusal),
      input('endpointUri', 'uri', refusal),
      input('endpoint', 'Endpoint', refusal),
    ],
    refusal,
    '0..*',
  ),
  input('terminologyEndpoint', 'Endpoint', refusal),
]

/** @throws FhirError 422 naming a parameter that is not honoured here */
export function refuseElsewhere({ parameters }: OperationCall, names: readonly string[]): void {
  for (const name of names) {
    if (!firstParameter(parameters, name)) continue
    const expression = `Parameters.parameter.where(name='${name}')`
    throw unprocessable({ text: `${name} is not supported by this server`, expression }, 'not-supported')
  }
}

/**
 * The artefact that a call is about.
 * @throws FhirError as {@link findRoot}
 */
export async function rootOf(call: OperationCall, { storage }: OperationContext): Promise<Resource> {
  const { level, resourceType: type = '', id, parameters } = call
  if (level === 'instance') return findRoot(type, { id }, storage)
  const text = (name: string) => textParameter(parameters, name)
  const name = { id: text('id'), url: text('url'), version: text('version'), identifier: text('identifier') }
  return findRoot(type, name, storage)
}

/**
 * The versions that a call binds.
 * @throws FhirError 400 for what binds none, 404 and 422 for a manifest that is not here or is none
 */
export async function bindingsOf({ parameters }: OperationCall, context: OperationContext): Promise<VersionBindings> {
  const canonical = textParameter(parameters, 'manifest')
  const manifest = canonical === undefined ? undefined : await findManifest(canonical, context)
  const given = (name: string) => textParameters(parameters, name)
  return readBindings(
    {
      fallback: given(bindingParameters.fallback),
      required: given(bindingParameters.required),
      forced: given(bindingParameters.forced),
    },
    manifest,
  )
}

async function findManifest(canonical: string, { storage }: OperationContext): Promise<Library> {
  const found = await findByCanonical(storage, 'Library', canonical)
  const expression = "Parameters.parameter.where(name='manifest')"
  const manifest = found.find((each) => isNamedBy(canonical, each))
  if (!isOfType(manifest, 'Library'))
    throw notFound({ text: `The manifest ${canonical} is not known to this server`, expression })
  const [fault] = manifestFaults(manifest)
  if (fault === undefined) return manifest
  throw unprocessable({ text: `${artefactName(manifest)} ${fault}`, expression })
}
