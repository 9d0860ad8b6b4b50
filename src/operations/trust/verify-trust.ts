import { readClock } from '../../evaluate/request.ts'
import { input, output } from '../../fhir/declare-parameter.ts'
import { badRequest, FhirError } from '../../fhir/error.ts'
import { allParameters, defineOperation, parameterAt, textParameter, textParameters } from '../../fhir/operation.ts'
import type { Parameter, Parameters } from '../../fhir/types.ts'
import { MOST_CERTIFICATES, readCertificates } from '../../trust/verify/candidates.ts'
import type { TrustSubject } from '../../trust/verify/subject.ts'
import { type TrustVerdict, unreadable, verifyTrust } from '../../trust/verify/verify-trust.ts'
import type { OperationContext } from '../context.ts'
import { codePart, readParticipant, textPart } from './parts.ts'

/** A token or certificate chain with content is far smaller. */
const maximumBytes = 1_000_000

/** `$verify-trust`: whether a signature, certificate or key id is to be trusted, by whose authority, on which list, and every step. */
export const verifyTrustOperation = defineOperation<OperationContext>({
  name: 'verify-trust',
  title: 'Verify trust',
  description:
    'Says whether a JWT, a certificate, a detached JWS or a key id is to be trusted: by whose authority (SCA), on which trust lists, and each step on the way. What the message says of its own key is never enough: a key counts when it is listed, or as an upload key under a listed SCA.',
  system: true,
  personal: true,
  strict: true,
  bodyLimitBytes: maximumBytes,
  parameters: [
    input(
      'jwt',
      'string',
      'A signed message with its payload: a compact JWS. Exactly one of jwt, jws, certificate and keyId is given.',
      {
        personal: true,
      },
    ),
    input('jws', 'string', 'A signed message without payload: a detached compact JWS. Needs content.', {
      personal: true,
    }),
    input('content', 'base64Binary', 'The bytes that the detached JWS signs.', { personal: true }),
    input(
      'certificate',
      'string',
      'A certificate in PEM, or its DER in base64; with those of its authorities after it, which vouch for nothing by themselves.',
      '0..*',
    ),
    input('keyId', 'string', 'A key id (kid) as lists have it.'),
    input('domain', 'code', 'Trust domain that the key must be listed for, e.g. DCC. Default: any.'),
    input(
      'usage',
      'code',
      'Usage that the key must be listed for: SCA, DSC, DECA, DESC, UP. Default: any that may do it.',
    ),
    input('participant', 'code', 'Participant whose key it must be, as code of two or three letters. Default: any.'),
    input('at', 'dateTime', 'The moment at which it must be valid. Default: now.'),
    output('result', 'boolean', 'Whether it is to be trusted.', '1..1'),
    output(
      'participant',
      'code',
      'Participant whose key it is. This and what follows up to list is answered only when it is trusted.',
    ),
    output('keyId', 'string', 'Key id under which the key is listed.'),
    output('usage', 'code', 'Usage that it is listed for.'),
    output('domain', 'code', 'Trust domain that it is listed for.'),
    output('issuer', 'uri', 'Address of the only issuer that the key is bound to.'),
    output('thumbprint', 'string', 'SHA-256 of its certificate (of the public key where there is none), hexadecimal.'),
    output(
      'sca',
      [
        output('subject', 'string', 'Its subject.', '1..1'),
        output('thumbprint', 'string', 'SHA-256 of its certificate, hexadecimal.', '1..1'),
      ],
      'The listed authority that signed the certificate: the SCA, for data exchange the DECA.',
    ),
    output('list', 'string', 'Trust lists that vouch for the key.', '0..*'),
    output(
      'step',
      [
        output(
          'name',
          'code',
          'parse, algorithm, key, chain, list, period, usage, domain, revocation, signature.',
          '1..1',
        ),
        output('outcome', 'code', 'pass, fail, skipped. The first that fails decides.', '1..1'),
        output('detail', 'string', 'What was found, or why it failed. Nothing of what is judged is quoted.', '1..1'),
      ],
      'Each step, in the order in which they are taken.',
      '1..*',
    ),
  ],
  examples: {
    keyId: {
      summary: 'Whether a key id is listed for signing COVID certificates',
      value: {
        resourceType: 'Parameters',
        parameter: [
          { name: 'keyId', valueString: 'E+ktuiqtFmo=' },
          { name: 'usage', valueCode: 'DSC' },
          { name: 'domain', valueCode: 'DCC' },
        ],
      },
    },
  },
  async handle({ parameters }, { trustedKeys, now }) {
    const subject = readSubject(parameters)
    const verdict =
      typeof subject === 'string'
        ? unreadable(subject)
        : verifyTrust({ subject, ...readConditions(parameters), at: readMoment(parameters) ?? now() }, trustedKeys())
    return { resource: replyOf(verdict) }
  },
})

const SUBJECTS = ['jwt', 'jws', 'certificate', 'keyId']

/** What is judged; a text for certificates that cannot be read. */
function readSubject(parameters: Parameters): TrustSubject | string {
  const given = SUBJECTS.filter((name) => allParameters(parameters, name).length > 0)
  if (given.length === 0)
    throw badRequest(
      { text: `one of ${SUBJECTS.join(', ')} is required`, expression: 'Parameters.parameter' },
      'required',
    )
  if (given.length > 1)
    throw badRequest({ text: `only one of ${SUBJECTS.join(', ')} may be given`, expression: given.map(parameterAt) })
  const content = textParameter(parameters, 'content')
  const [name] = given
  if (name !== 'jws' && content !== undefined)
    throw badRequest({
      text: 'content belongs to a detached jws, and there is none',
      expression: parameterAt('content'),
    })
  const text = textParameter(parameters, name ?? '') ?? ''
  if (name === 'keyId') return { keyId: text }
  if (name === 'jwt') return { jwt: text }
  if (name === 'certificate') return readGivenCertificates(textParameters(parameters, name))
  if (content === undefined)
    throw badRequest({ text: 'a detached jws needs its content', expression: parameterAt('jws') }, 'required')
  return { jws: text, content: readContent(content) }
}

/** FHIR allows white space in base64 (https://hl7.org/fhir/R4/datatypes.html#base64Binary). */
const withoutBlanks = (text: string): string => text.replace(/\s+/g, '')
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

function readContent(text: string): Buffer {
  const plain = withoutBlanks(text)
  if (!BASE64.test(plain))
    throw badRequest({ text: 'content must be base64', expression: parameterAt('content') }, 'value')
  return Buffer.from(plain, 'base64')
}

const PEM = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]*)-----END CERTIFICATE-----/g

function readGivenCertificates(texts: string[]): TrustSubject | string {
  const blocks = texts.flatMap((text) => {
    const found = [...text.matchAll(PEM)].map(([, body = '']) => body)
    // Between and around certificates there may be text for people; another block would be passed over in silence.
    const rest = text.replace(PEM, '')
    return found.length > 0 && !rest.includes('-----BEGIN') ? found : [text]
  })
  if (blocks.length > MOST_CERTIFICATES) return `more than ${MOST_CERTIFICATES} certificates are not read`
  const ders = blocks.map(withoutBlanks)
  if (ders.some((each) => each === '' || !BASE64.test(each))) return 'a certificate is neither PEM nor DER in base64'
  const certificates = readCertificates(ders.map((each) => Buffer.from(each, 'base64')))
  return typeof certificates === 'string' ? certificates : { certificates }
}

function readConditions(parameters: Parameters) {
  return {
    participant: readParticipant(parameters),
    domain: textParameter(parameters, 'domain'),
    usage: textParameter(parameters, 'usage'),
  }
}

function readMoment(parameters: Parameters): Date | undefined {
  const text = textParameter(parameters, 'at')
  try {
    return text === undefined ? undefined : readClock(text)
  } catch (error) {
    if (!(error instanceof FhirError)) throw error
    throw badRequest(
      { text: 'at must be a FHIR dateTime, such as 2026-01-31T12:00:00Z', expression: parameterAt('at') },
      'value',
    )
  }
}

function replyOf({ result, key, authority, steps }: TrustVerdict): Parameters {
  return {
    resourceType: 'Parameters',
    parameter: [
      { name: 'result', valueBoolean: result },
      ...codePart('participant', key?.participant),
      ...textPart('keyId', key?.keyId),
      ...codePart('usage', key?.usage),
      ...codePart('domain', key?.domain),
      ...(key?.issuer === undefined ? [] : [{ name: 'issuer', valueUri: key.issuer }]),
      ...textPart('thumbprint', key?.thumbprint),
      ...(authority
        ? [
            {
              name: 'sca',
              part: [...textPart('subject', authority.subject), ...textPart('thumbprint', authority.thumbprint)],
            },
          ]
        : []),
      ...(key?.lists ?? []).map((list): Parameter => ({ name: 'list', valueString: list })),
      ...steps.map(
        (step): Parameter => ({
          name: 'step',
          part: [
            ...codePart('name', step.name),
            ...codePart('outcome', step.outcome),
            ...textPart('detail', step.detail),
          ],
        }),
      ),
    ],
  }
}
