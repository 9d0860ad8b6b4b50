/** References of other participants that are mirrored here, as `$trust-status` tells them (docs/mirror.md). */
import { output } from '../../fhir/declare-parameter.ts'
import type { Parameter } from '../../fhir/types.ts'
import { knownLists, knownMirrors, type ListStatus, type MirrorRecord } from '../../gateway/mirror/records.ts'
import type { Storage } from '../../storage/storage.ts'
import { codePart, textPart } from './parts.ts'

/** Most references of an answer: of the others it is told how many there are. */
const mostReferences = 500

/** What the operation answers of them. */
export const mirrorOutputs = [
  output(
    'mirroredFrom',
    [
      output('gateway', 'string', 'Its id in the configuration.', '1..1'),
      output('checkedAt', 'instant', 'When its list was looked at last.', '1..1'),
      output('reached', 'boolean', 'Whether the list could be had then.', '1..1'),
      output('failure', 'string', 'Why it could not be had; to authenticated callers.'),
    ],
    'Each gateway whose references are mirrored; none where nothing is.',
    '0..*',
  ),
  output('references', 'unsignedInt', 'How many references are or were mirrored; absent where nothing is.'),
  output(
    'reference',
    [
      output('gateway', 'string', 'Id of the gateway that lists it.', '1..1'),
      output('participant', 'code', 'Whose it is.', '1..1'),
      output('service', 'string', 'What it holds: ValueSet, PlanDefinition, ….', '1..1'),
      output('domain', 'string', 'Trust domain that it is registered for.'),
      output('url', 'uri', 'Where it is published; `_source` of its copies.', '1..1'),
      output(
        'state',
        'code',
        'mirrored, pending, unreachable, thumbprint-mismatch, signature, unsigned, content, entry-mismatch, conflict, not-supported, gone, retired: docs/mirror.md.',
        '1..1',
      ),
      output('mirroredAt', 'instant', 'When what is here was taken.'),
      output('artefacts', 'unsignedInt', 'Artefacts of it that are here and in force.', '1..1'),
      output('failure', 'string', 'Why it is not mirrored now; to authenticated callers.'),
      output('warning', 'string', 'What is unusual in it; to authenticated callers.', '0..*'),
    ],
    `At most ${mostReferences} references, those first that are not mirrored.`,
    '0..*',
  ),
]

/** The same of a store. @param isKnown who asks proved who he is: why something failed may name machines of the operator's */
export async function mirrorParts({ records }: Pick<Storage, 'records'>, isKnown: boolean): Promise<Parameter[]> {
  const lists = await knownLists(records)
  const known = [...(await knownMirrors(records)).values()].sort(byUrgency)
  if (lists.length === 0 && known.length === 0) return []
  return [
    ...lists.map((each) => listPart(each, isKnown)),
    { name: 'references', valueUnsignedInt: known.length },
    ...known.slice(0, mostReferences).map((each) => referencePart(each, isKnown)),
  ]
}

function byUrgency(a: MirrorRecord, b: MirrorRecord): number {
  const rank = ({ state }: MirrorRecord) => (state === 'mirrored' ? 1 : state === 'retired' ? 2 : 0)
  return rank(a) - rank(b) || `${a.participant} ${a.url}`.localeCompare(`${b.participant} ${b.url}`, 'en')
}

const listPart = ({ gateway, checkedAt, error }: ListStatus, isKnown: boolean): Parameter => ({
  name: 'mirroredFrom',
  part: [
    { name: 'gateway', valueString: gateway },
    { name: 'checkedAt', valueInstant: checkedAt },
    { name: 'reached', valueBoolean: error === undefined },
    ...(isKnown ? textPart('failure', error) : []),
  ],
})

function referencePart(record: MirrorRecord, isKnown: boolean): Parameter {
  const { gateway, participant, service, domain, url, state, mirroredAt, artefacts, lastError, warnings } = record
  const held = Object.values(artefacts).filter(({ isRetired }) => !isRetired).length
  return {
    name: 'reference',
    part: [
      { name: 'gateway', valueString: gateway },
      { name: 'participant', valueCode: participant },
      { name: 'service', valueString: service },
      ...textPart('domain', domain),
      { name: 'url', valueUri: url },
      ...codePart('state', state),
      ...(mirroredAt ? [{ name: 'mirroredAt', valueInstant: mirroredAt }] : []),
      { name: 'artefacts', valueUnsignedInt: held },
      ...(isKnown ? textPart('failure', lastError) : []),
      ...(isKnown ? (warnings ?? []).flatMap((each) => textPart('warning', each)) : []),
    ],
  }
}
