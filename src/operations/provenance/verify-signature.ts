import { readClock } from '../../evaluate/request.ts'
import { input, output } from '../../fhir/declare-parameter.ts'
import { badRequest, FhirError, notFound, unprocessable } from '../../fhir/error.ts'
import { isAnyResource, isOfType } from '../../fhir/json.ts'
import { allParameters, defineOperation, firstParameter, parameterAt, parameterValue } from '../../fhir/operation.ts'
import type { Bundle, Parameter, Parameters, Provenance, Resource } from '../../fhir/types.ts'
import type { Signer } from '../../provenance/signature/signer.ts'
import type { ProvenanceVerdict, SignatureVerdict } from '../../provenance/signature/verify.ts'
import { findStoredTarget } from '../../publish/provenance/targets.ts'
import type { OperationContext } from '../context.ts'

const stepsOf = 'parse, algorithm, key, chain, revocation, signature, time, canonicalization, target, authority'

const step = output(
  'step',
  [
    output('name', 'code', `One of ${stepsOf}.`, '1..1'),
    output('outcome', 'code', 'pass, fail, skipped. The first that fails decides.', '1..1'),
    output('detail', 'string', 'What was found, or why it failed. Nothing of what is judged is quoted.', '1..1'),
  ],
  'Each step, in the order in which they are taken.',
  '0..*',
)

const signer = output(
  'signer',
  [
    output('issuer', 'uri', 'DID that the key is bound to by whoever vouches for it.'),
    output('kid', 'string', 'Key id under which the key is known here.'),
    output('participant', 'code', 'Participant of the trust network whose key it is.'),
    output('name', 'string', 'Name, for people.'),
    output('trustList', 'string', 'Lists that vouch for the key.', '0..*'),
  ],
  'Whose signature it is; only of one that was proved.',
)

/** `$verify-signature`: whether the signatures of a Provenance, or that of a package, hold: by whom, and every step. */
export const verifySignatureOperation = defineOperation<OperationContext>({
  name: 'verify-signature',
  title: 'Verify signature',
  description:
    'Says whether the signatures of a Provenance over an artefact, or the signature of a Bundle over itself, hold: by whom they are, whether he may sign that artefact, and each step on the way. `result` is true when the signature of an author holds and none fails; of a Bundle when its signature holds.',
  system: true,
  strict: true,
  parameters: [
    input('provenance', 'Provenance', 'The Provenance. Exactly one of provenance, reference and bundle is given.'),
    input('reference', 'Any', 'A stored Provenance in its place: a Reference or uri, `Provenance/<id>`.'),
    input('bundle', 'Bundle', 'A package with its signature.'),
    input('resource', 'Any', 'What is signed; else the target of the Provenance is loaded.'),
    input('at', 'Any', 'The moment at which it is judged: an instant or dateTime. Default: now.'),
    output('result', 'boolean', 'Whether it holds.', '1..1'),
    output('message', 'string', 'Why it does not hold although no step failed.'),
    step,
    signer,
    output(
      'signature',
      [output('result', 'boolean', 'Whether this one holds.', '1..1'), step, signer],
      'Where there are several signatures: each of them; step and signer stand in these then.',
      '0..*',
    ),
    output('hash', 'string', 'SHA-256 of the canonical bytes, hexadecimal.'),
  ],
  async handle({ parameters }, context) {
    const { signatures } = context
    const at = readMoment(parameters)
    const given = readSubject(parameters)
    if ('bundle' in given) return { resource: replyOf(await signatures.verifyBundle(given.bundle, at)) }
    const provenance = 'provenance' in given ? given.provenance : await readStored(given.reference, context)
    const resource = readResource(parameters) ?? (await loadTarget(provenance, context))
    return { resource: replyOf(await signatures.verify(provenance, resource, at)) }
  },
})

function readSubject(parameters: Parameters): { provenance: Provenance } | { reference: string } | { bundle: Bundle } {
  const names = ['provenance', 'reference', 'bundle'].filter((name) => allParameters(parameters, name).length > 0)
  if (names.length !== 1)
    throw badRequest(
      { text: 'Exactly one of provenance, reference and bundle is wanted.', expression: 'Parameters.parameter' },
      names.length === 0 ? 'required' : 'invalid',
    )
  const [name = ''] = names
  const resource: unknown = firstParameter(parameters, name)?.resource
  if (name === 'provenance' && isOfType(resource, 'Provenance')) return { provenance: resource }
  if (name === 'bundle' && isOfType(resource, 'Bundle')) {
    if (allParameters(parameters, 'resource').length > 0)
      throw badRequest({
        text: 'resource belongs to a Provenance, and there is none.',
        expression: parameterAt('resource'),
      })
    return { bundle: resource }
  }
  const value = parameterValue(firstParameter(parameters, name))
  const text = typeof value === 'string' ? value : referenceOf(value)
  if (text !== undefined) return { reference: text }
  throw badRequest(
    { text: 'reference must be a Reference or uri of a stored Provenance.', expression: parameterAt(name) },
    'value',
  )
}

function referenceOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || !('reference' in value)) return undefined
  return typeof value.reference === 'string' ? value.reference : undefined
}

async function readStored(reference: string, { storage }: OperationContext): Promise<Provenance> {
  const [, id, versionId] =
    /^(?:.*\/)?Provenance\/([A-Za-z0-9.-]{1,64})(?:\/_history\/([A-Za-z0-9.-]{1,64}))?$/.exec(reference) ?? []
  if (id === undefined)
    throw badRequest(
      { text: 'reference must name a Provenance of this server.', expression: parameterAt('reference') },
      'value',
    )
  const found = await (versionId === undefined
    ? storage.read('Provenance', id)
    : storage.readVersion('Provenance', id, versionId))
  if (found?.resource?.resourceType === 'Provenance') return found.resource
  throw notFound({ text: `There is no Provenance with the id ${id}.`, expression: parameterAt('reference') })
}

function readResource(parameters: Parameters): Resource | undefined {
  const given = firstParameter(parameters, 'resource')
  if (!given) return undefined
  const resource: unknown = given.resource
  if (isAnyResource(resource)) return resource
  throw badRequest({ text: 'resource must be a resource.', expression: parameterAt('resource') }, 'value')
}

async function loadTarget(provenance: Provenance, { storage }: OperationContext): Promise<Resource> {
  const targets = Array.isArray(provenance.target) ? provenance.target : []
  const [target, ...others] = targets
  if (target && others.length === 0) {
    const found = await findStoredTarget(target, storage)
    if (found) return found
  }
  const text =
    others.length > 0
      ? 'The Provenance has several targets: send the one that is meant as resource.'
      : 'The target of the Provenance is not stored here: send it as resource.'
  throw unprocessable({ text, expression: 'Provenance.target' }, 'not-found')
}

function readMoment(parameters: Parameters): Date | undefined {
  const given = firstParameter(parameters, 'at')
  const value = parameterValue(given)
  if (!given) return undefined
  try {
    if (typeof value === 'string') return readClock(value)
  } catch (error) {
    if (!(error instanceof FhirError)) throw error
  }
  throw unprocessable(
    { text: 'at must be an instant, such as 2026-01-31T12:00:00Z.', expression: parameterAt('at') },
    'value',
  )
}

const noAuthor =
  'The signatures hold, and none of them is that of an author (1.2.840.10065.1.12.1.1): nobody vouches for the artefact who wrote it.'

function replyOf({ result, signatures, hash }: ProvenanceVerdict): Parameters {
  const [only, ...others] = signatures
  const about = signatures.filter(({ isOfOtherTarget }) => !isOfOtherTarget)
  const isNoAuthors = !result && about.length > 0 && about.every((each) => each.result)
  const parts = (verdict: SignatureVerdict): Parameter[] => [
    ...verdict.steps.map(
      ({ name, outcome, detail }): Parameter => ({
        name: 'step',
        part: [
          { name: 'name', valueCode: name },
          { name: 'outcome', valueCode: outcome },
          { name: 'detail', valueString: detail },
        ],
      }),
    ),
    ...(verdict.signer ? [signerPart(verdict.signer)] : []),
  ]
  const told =
    only && others.length === 0
      ? parts(only)
      : signatures.map(
          (each): Parameter => ({
            name: 'signature',
            part: [{ name: 'result', valueBoolean: each.result }, ...parts(each)],
          }),
        )
  return {
    resourceType: 'Parameters',
    parameter: [
      { name: 'result', valueBoolean: result },
      ...(isNoAuthors ? [{ name: 'message', valueString: noAuthor }] : []),
      ...told,
      ...(hash === undefined ? [] : [{ name: 'hash', valueString: hash }]),
    ],
  }
}

function signerPart({ issuer, keyId, participant, name, lists }: Signer): Parameter {
  return {
    name: 'signer',
    part: [
      ...(issuer === undefined ? [] : [{ name: 'issuer', valueUri: issuer }]),
      { name: 'kid', valueString: keyId },
      ...(participant === undefined ? [] : [{ name: 'participant', valueCode: participant }]),
      ...(name === undefined ? [] : [{ name: 'name', valueString: name }]),
      ...lists.map((list): Parameter => ({ name: 'trustList', valueString: list })),
    ],
  }
}
