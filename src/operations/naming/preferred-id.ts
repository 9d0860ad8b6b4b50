import { input, output } from '../../fhir/declare-parameter.ts'
import { badRequest, notFound } from '../../fhir/error.ts'
import { defineOperation, textParameter } from '../../fhir/operation.ts'
import { dateRange, maximumTime, minimumTime } from '../../fhir/search/value.ts'
import type { NamingSystem } from '../../fhir/types.ts'
import { findByCanonical } from '../../storage/find-artefacts.ts'
import type { OperationContext } from '../context.ts'

type UniqueId = NamingSystem['uniqueId'][number]

const types = ['oid', 'uuid', 'uri', 'other']
/** How identifiers of a type are written as a URI (RFC 3061, RFC 9562). */
const prefixes: Record<string, string> = { oid: 'urn:oid:', uuid: 'urn:uuid:' }

/** `NamingSystem/$preferred-id` (https://hl7.org/fhir/R4/namingsystem-operation-preferred-id.html). */
export const preferredId = defineOperation<OperationContext>({
  name: 'preferred-id',
  title: 'Preferred identifier',
  description:
    'Answers the preferred identifier of a kind for the naming system that is known by another: an address for an OID, an OID for an address. Active naming systems come first; of several identifiers the one that is marked as preferred, then one that is valid now.',
  base: 'http://hl7.org/fhir/OperationDefinition/NamingSystem-preferred-id',
  type: ['NamingSystem'],
  get: true,
  strict: true,
  parameters: [
    input('id', 'string', 'An identifier of the naming system: an address, an OID or UUID, plain or as a URN', '1..1'),
    input('type', 'code', 'Kind of identifier that is wanted: oid, uuid, uri or other', '1..1'),
    output('result', 'string', 'The preferred identifier of that kind', '1..1'),
  ],
  handle: async ({ parameters }, { storage, now }) => {
    const [id = '', type = ''] = ['id', 'type'].map((name) => textParameter(parameters, name))
    if (id === '') throw badRequest({ text: 'The identifier is missing.', expression: 'id' }, 'required')
    if (!types.includes(type)) {
      const text = `The type must be ${types.join(', ')}.`
      throw badRequest({ text, expression: 'type' }, type === '' ? 'required' : 'value')
    }
    let isKnown = false
    for (const name of spellings(id))
      for (const system of await findByCanonical(storage, 'NamingSystem', name)) {
        isKnown = true
        const found = preferred(system.uniqueId, type, now().getTime())
        if (found === undefined) continue
        return { resource: { resourceType: 'Parameters', parameter: [{ name: 'result', valueString: found }] } }
      }
    // What was asked for is not repeated: it may be the identifier of a person by mistake.
    throw notFound(
      isKnown
        ? `The naming system has no identifier of the type ${type}.`
        : 'No naming system is stored here that is known by this identifier.',
    )
  },
})

/** An identifier as it may stand in a naming system: as given, and plain or as a URN where it is an OID or UUID. */
function spellings(id: string): string[] {
  for (const prefix of Object.values(prefixes))
    if (id.toLowerCase().startsWith(prefix)) return [id, id.slice(prefix.length)]
  if (/^[0-2](\.(0|[1-9]\d*))+$/.test(id)) return [id, `urn:oid:${id}`]
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id)) return [id, `urn:uuid:${id}`]
  return [id]
}

function preferred(ids: readonly UniqueId[] = [], type: string, now: number): string | undefined {
  const rank = ({ preferred: isPreferred, period }: UniqueId) =>
    (isPreferred === true ? 0 : 2) + (isValid(period, now) ? 0 : 1)
  const [first] = ids.filter((each) => each.type === type).sort((a, b) => rank(a) - rank(b))
  if (first?.value === undefined) return undefined
  const prefix = prefixes[type]
  return prefix !== undefined && first.value.startsWith(prefix) ? first.value.slice(prefix.length) : first.value
}

function isValid(period: UniqueId['period'], now: number): boolean {
  const start = dateRange(period?.start ?? '')?.low ?? minimumTime
  const end = dateRange(period?.end ?? '')?.high ?? maximumTime
  return start <= now && now <= end
}
