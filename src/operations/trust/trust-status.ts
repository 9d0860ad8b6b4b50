/** `$trust-status`: the trust lists as they stand, whose keys they hold, which of them end soon, and what is mirrored from others. */
import { participantCode } from '../../base/participant-codes.ts'
import { input, output } from '../../fhir/declare-parameter.ts'
import { badRequest } from '../../fhir/error.ts'
import { defineOperation, firstParameter, parameterAt, textParameter } from '../../fhir/operation.ts'
import type { Parameter, Parameters } from '../../fhir/types.ts'
import { isExpired, type TrustedKey } from '../../trust/keys/trusted-key.ts'
import { listedParticipants } from '../../trust/participants.ts'
import type { TrustListStatus } from '../../trust/trust.ts'
import type { OperationContext } from '../context.ts'
import { mirrorOutputs, mirrorParts } from './mirrored.ts'
import { codePart, readParticipant, textPart } from './parts.ts'

const most = { page: 500, days: 3_660 }
const usual = { page: 50, days: 30 }
const dayMilliseconds = 86_400_000

/**
 * Lists, participants and a page of keys. Where lists lie and why one could not be read is told to those alone who prove who they are: it
 * names machines of the operator's.
 */
export const trustStatusOperation = defineOperation<OperationContext>({
  name: 'trust-status',
  title: 'State of the trust lists',
  description:
    'Says how each trust list stands – in use, how old, with how many keys –, which participants have keys on them, and answers the keys that count, page by page: whose, for what, from when to when; and how the references stand that are mirrored from other participants. Locations and the reasons of failures are answered to authenticated callers alone.',
  system: true,
  get: true,
  strict: true,
  costly: true,
  parameters: [
    input('keyId', 'string', 'Keys of this id alone, also those that lists name and that do not count.'),
    input('participant', 'code', 'Keys of this participant alone, as code of two or three letters.'),
    input('domain', 'code', 'Keys that are listed for this trust domain alone, e.g. DCC.'),
    input('usage', 'code', 'Keys that are listed for this usage alone: SCA, DSC, UP, ….'),
    input('list', 'string', 'Keys of the list of this name alone.'),
    input('endsWithin', 'integer', `Keys alone whose period ends within so many days, 0 to ${most.days}.`),
    input('count', 'integer', `Most keys of the answer, 0 to ${most.page}. Default: ${usual.page}.`),
    input('offset', 'integer', 'How many keys are passed over. Default: 0.'),
    output('at', 'instant', "The server's clock, by which periods are judged.", '1..1'),
    output(
      'list',
      [
        output('name', 'string', 'Name of the list in the configuration.', '1..1'),
        output('kind', 'code', 'What it is: did-v2, jwks, certificates, distrusted, revocation, ….', '1..1'),
        output(
          'state',
          'code',
          'ok: in use, and the newest that is known; stale: in use, and the last reading failed or is long ago; failed: it cannot be used; absent: nothing is there.',
          '1..1',
        ),
        output('usable', 'boolean', 'Whether it counts.', '1..1'),
        output('keys', 'unsignedInt', 'Keys of it that count.', '1..1'),
        output('expired', 'unsignedInt', 'Those of them whose period has ended.', '1..1'),
        output('leftOut', 'unsignedInt', 'Entries that do not count.', '1..1'),
        output('created', 'dateTime', 'When it says it was made.'),
        output('readAt', 'instant', 'When what is in use was read.'),
        output('checkedAt', 'instant', 'When its server last said that it is the newest.'),
        output('withdraws', 'unsignedInt', 'How many participants, certificates and key ids it withdraws.'),
        output('revokes', 'unsignedInt', 'How many certificates it revokes.'),
        output('waiting', 'unsignedInt', 'Entries of a newer list that waits to be accepted.'),
        output('location', 'string', 'Where it lies; to authenticated callers.'),
        output('failure', 'string', 'Why it could not be read; to authenticated callers.'),
        output('warning', 'string', 'What is unusual in it; to authenticated callers.', '0..*'),
      ],
      'Each list, in the order in which they are configured.',
      '0..*',
    ),
    output(
      'participant',
      [
        output('code', 'code', 'As lists write it, mostly ISO 3166-1 alpha-3.', '1..1'),
        output('keys', 'unsignedInt', 'Keys of it that count.', '1..1'),
        output('expired', 'unsignedInt', 'Those of them whose period has ended.', '1..1'),
        output('domain', 'code', 'Domains of its keys.', '0..*'),
        output('usage', 'code', 'Usages of its keys.', '0..*'),
      ],
      'Each participant with a key that counts.',
      '0..*',
    ),
    output('ending', 'unsignedInt', `How many keys that count end within ${usual.days} days.`, '1..1'),
    output('total', 'unsignedInt', 'How many keys there are that were asked for.', '1..1'),
    output(
      'key',
      [
        output('keyId', 'string', 'As it is listed.', '1..1'),
        output(
          'thumbprint',
          'string',
          'SHA-256 of its certificate (of the key where there is none), hexadecimal.',
          '1..1',
        ),
        output('participant', 'code', 'Whose it is.'),
        output('issuer', 'uri', 'The only address that it is bound to.'),
        output('domain', 'code', 'What it is listed for.'),
        output('usage', 'code', 'What it may do.'),
        output('status', 'code', 'The worst that any list says: current, terminated, revoked, expired.', '1..1'),
        output('validFrom', 'instant', 'When its period begins.'),
        output('validTo', 'instant', 'When its period ends.'),
        output('expired', 'boolean', 'Whether that has passed.', '1..1'),
        output('list', 'string', 'Lists that vouch for it.', '0..*'),
        output('leftOut', 'string', 'Why it does not count; absent when it does.'),
      ],
      'A page of the keys, those first whose period ends first.',
      '0..*',
    ),
    ...mirrorOutputs,
  ],
  handle: async ({ parameters, principal }, { trustStatus, trustedKeys, storage, now }) => {
    const at = now()
    const index = trustedKeys()
    const asked = readAsked(parameters)
    const found = keysFor(asked, index, at)
    const soon = index.keys.filter((key) => endsWithin(key, usual.days, at))
    return {
      resource: {
        resourceType: 'Parameters',
        parameter: [
          { name: 'at', valueInstant: at.toISOString() },
          ...trustStatus().map((list) => listPart(list, principal !== undefined)),
          ...listedParticipants(index, at).map(({ participant, keys, expired, domains, usages }) => ({
            name: 'participant',
            part: [
              { name: 'code', valueCode: participant },
              number('keys', keys),
              number('expired', expired),
              ...domains.map((domain) => ({ name: 'domain', valueCode: domain })),
              ...usages.map((usage) => ({ name: 'usage', valueCode: usage })),
            ],
          })),
          number('ending', soon.length),
          number('total', found.length),
          ...found
            .slice(asked.offset, asked.offset + asked.count)
            .map(({ key, reason }) => keyPart(key, { reason, at })),
          ...(await mirrorParts(storage, principal !== undefined)),
        ],
      },
      headers: { 'Cache-Control': 'no-store' },
    }
  },
})

interface Asked {
  keyId?: string | undefined
  participant?: string | undefined
  domain?: string | undefined
  usage?: string | undefined
  list?: string | undefined
  endsWithin?: number | undefined
  count: number
  offset: number
}

/** One key; with a reason it does not count. */
interface Found {
  key: TrustedKey
  reason?: string
}

function readAsked(parameters: Parameters): Asked {
  const text = (name: string) => textParameter(parameters, name)
  const participant = readParticipant(parameters)
  return {
    keyId: text('keyId'),
    participant: participant === undefined ? undefined : participantCode(participant),
    domain: text('domain'),
    usage: text('usage'),
    list: text('list'),
    endsWithin: whole(parameters, 'endsWithin', most.days),
    count: whole(parameters, 'count', most.page) ?? usual.page,
    offset: whole(parameters, 'offset', Number.MAX_SAFE_INTEGER) ?? 0,
  }
}

function whole(parameters: Parameters, name: string, largest: number): number | undefined {
  const given = firstParameter(parameters, name)
  const text = given?.valueInteger ?? given?.valueString
  if (text === undefined) return undefined
  const value = /^\d{1,16}$/.test(String(text)) ? Number(text) : Number.NaN
  if (value <= largest) return value
  throw wrong(name, `a whole number from 0 to ${largest}`)
}

function wrong(name: string, wanted: string) {
  return badRequest({ text: `${name} must be ${wanted}`, expression: parameterAt(name) }, 'value')
}

type Keys = Pick<ReturnType<OperationContext['trustedKeys']>, 'keys' | 'leftOut'>

function keysFor(asked: Asked, { keys, leftOut }: Keys, at: Date): Found[] {
  const { keyId, participant, domain, usage, list, endsWithin: days } = asked
  const isAsked = ({ key }: Found) =>
    (keyId === undefined || key.keyId === keyId || key.otherKeyIds.includes(keyId)) &&
    (participant === undefined || participantCode(key.participant) === participant) &&
    (domain === undefined || key.domain === domain) &&
    (usage === undefined || key.usage === usage) &&
    (list === undefined || key.lists.includes(list)) &&
    (days === undefined || endsWithin(key, days, at))
  const all: Found[] = keys.map((key) => ({ key }))
  // Somebody who names a key wants to know what became of it.
  const found = (keyId === undefined ? all : [...all, ...leftOut]).filter(isAsked)
  return found.sort((a, b) => (a.key.validTo?.getTime() ?? Infinity) - (b.key.validTo?.getTime() ?? Infinity) || 0)
}

function endsWithin({ validTo }: TrustedKey, days: number, at: Date): boolean {
  if (!validTo) return false
  const left = validTo.getTime() - at.getTime()
  return left >= 0 && left <= days * dayMilliseconds
}

const number = (name: string, value: number): Parameter => ({ name, valueUnsignedInt: value })
const instant = (name: string, value: string | Date | undefined): Parameter[] =>
  value ? [{ name, valueInstant: typeof value === 'string' ? value : value.toISOString() }] : []
const count = (name: string, value: number | undefined): Parameter[] =>
  value === undefined ? [] : [number(name, value)]

function listPart(list: TrustListStatus, isKnown: boolean): Parameter {
  const { name, kind, state, usable, keys, expired, created, readAt, checkedAt, withdraws, waiting, revokes } = list
  return {
    name: 'list',
    part: [
      { name: 'name', valueString: name },
      { name: 'kind', valueCode: kind },
      { name: 'state', valueCode: state },
      { name: 'usable', valueBoolean: usable },
      number('keys', keys),
      number('expired', expired),
      number('leftOut', list.leftOut?.length ?? 0),
      ...(isDateTime(created) ? [{ name: 'created', valueDateTime: created }] : []),
      ...instant('readAt', readAt),
      ...instant('checkedAt', checkedAt),
      ...count('withdraws', withdraws),
      ...count('revokes', revokes && revokes.hashes + revokes.cards),
      ...count('waiting', waiting),
      ...(isKnown ? [...textPart('location', list.location), ...textPart('failure', list.failure)] : []),
      ...(isKnown ? list.warnings.flatMap((each) => textPart('warning', each)) : []),
    ],
  }
}

/** What a list says of itself may be anything. */
const isDateTime = (value: string | undefined): value is string =>
  value !== undefined && /^\d{4}(?:-\d\d(?:-\d\d(?:T\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d))?)?)?$/.test(value)

function keyPart(key: TrustedKey, { reason, at }: { reason: string | undefined; at: Date }): Parameter {
  return {
    name: 'key',
    part: [
      { name: 'keyId', valueString: key.keyId },
      { name: 'thumbprint', valueString: key.thumbprint },
      ...codePart('participant', key.participant),
      ...(key.issuer ? [{ name: 'issuer', valueUri: key.issuer }] : []),
      ...codePart('domain', key.domain),
      ...codePart('usage', key.usage),
      { name: 'status', valueCode: key.status },
      ...instant('validFrom', key.validFrom),
      ...instant('validTo', key.validTo),
      { name: 'expired', valueBoolean: isExpired(key, at) },
      ...key.lists.map((list) => ({ name: 'list', valueString: list })),
      ...textPart('leftOut', reason),
    ],
  }
}
