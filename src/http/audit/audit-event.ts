import { objectRole, systemObject } from '../../fhir/audit-codings.ts'
import type { Principal } from '../../fhir/principal.ts'
import type { Coding, Parameters, Resource } from '../../fhir/types.ts'
import type { Storage, Write } from '../../storage/storage.ts'
import type { AuditedTransaction } from './transactions.ts'

/** FHIR R4 AuditEvent. */
export type AuditEvent = Extract<Resource, { resourceType: 'AuditEvent' }>
type Agent = AuditEvent['agent'][number]
type Entity = NonNullable<AuditEvent['entity']>[number]

/** What every AuditEvent says: when, who, by whose request. */
export interface AuditSource {
  /** FHIR instant. */
  recorded: string
  /** Address of the FHIR base. */
  baseUrl: string
  /** Name and version of the software. */
  software: string
  requestId: string
  /** As the connection shows it; undefined when it is to be left out. */
  clientAddress: string | undefined
  /** Whether the request came with permission to write. */
  authorized: boolean
  /** Who sent it, where that was proved. */
  principal?: Pick<Principal, 'id' | 'name'>
  /** HTTP status of the reply. */
  status: number
}

const dicom = 'http://dicom.nema.org/resources/ontology/DCM'
const interactions = 'http://hl7.org/fhir/restful-interaction'
/** Of the names by which this server knows who makes requests. */
const principalSystem = 'http://vidimus.org/fhir/principal'
const balp = 'https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit'
const svcm = 'https://profiles.ihe.net/ITI/SVCM/StructureDefinition/IHE.SVCM.Audit'
const domainResource = objectRole('4', 'Domain Resource')
const source = { system: dicom, code: '110153', display: 'Source Role ID' }
const destination = { system: dicom, code: '110152', display: 'Destination Role ID' }
const application = { system: dicom, code: '110150', display: 'Application' }
const custodian = {
  system: 'http://terminology.hl7.org/CodeSystem/provenance-participant-type',
  code: 'custodian',
  display: 'Custodian',
}

/** What is known of a request of an SVCM transaction. */
export interface AuditedRequest {
  /** Address below the base with its query, as it came; the form of a posted search is part of it. */
  address: string
  /** What was read or expanded. */
  target?: Entity['what']
  /** Parameters of an operation, without resources. */
  parameters?: Parameters
}

/** AuditEvent of an SVCM transaction, in the transaction's profile when it succeeded. */
export function transactionEvent(
  from: AuditSource,
  transaction: AuditedTransaction,
  { address, target, parameters }: AuditedRequest,
): AuditEvent {
  const { kind, interaction, code, display, profile } = transaction
  const reads = kind === 'read' || kind === 'expand'
  const event = audited(from, {
    profile: `${svcm}.${profile}`,
    action: reads ? 'R' : 'E',
    subtype: [
      { system: interactions, code: interaction, display: interaction },
      { system: 'urn:ihe:event-type-code', code, display },
    ],
    // What is read flows from the server; what is asked flows from the client.
    roles: reads ? [destination, source] : [source, destination],
  })
  const entity: Entity = { type: systemObject, role: domainResource }
  if (reads) entity.what = target ?? { type: 'ValueSet', display: 'not named' }
  else if (kind === 'search') {
    entity.role = objectRole('24', 'Query')
    entity.query = Buffer.from(address).toString('base64')
  } else {
    event.contained = [{ resourceType: 'Parameters', ...parameters, id: 'parameters' }]
    entity.what = { reference: '#parameters', type: 'Parameters' }
  }
  event.entity?.push(entity)
  return event
}

/** What a write did, or would have done. */
type WriteAction = 'create' | 'update' | 'delete'

/** AuditEvent of a write of a resource (BALP Create, Update, Delete). */
export function writeEvent(
  from: AuditSource,
  action: WriteAction,
  { type, id }: Pick<Write, 'type' | 'id'>,
): AuditEvent {
  const event = audited(from, {
    profile: `${balp}.${{ create: 'Create', update: 'Update', delete: 'Delete' }[action]}`,
    action: { create: 'C', update: 'U', delete: 'D' }[action] as 'C' | 'U' | 'D',
    subtype: [{ system: interactions, code: action, display: action }],
    roles: action === 'delete' ? [application, custodian] : [source, destination],
  })
  const what = id ? { reference: `${type}/${id}`, type } : { type, display: `a new ${type}` }
  event.entity?.push({ type: systemObject, role: domainResource, what })
  return event
}

/**
 * AuditEvent of an operation about which nothing more may be said: no parameters, no address of the client. It claims no
 * profile, for those want both.
 */
export function operationEvent(from: AuditSource, name: string, details: readonly AuditDetail[] = []): AuditEvent {
  const event = audited(from, {
    action: 'E',
    subtype: [{ system: interactions, code: 'operation', display: 'operation' }],
    roles: [source, destination],
  })
  event.entity?.push({
    type: systemObject,
    role: objectRole('20', 'Job'),
    name: `$${name}`,
    ...(details.length > 0 ? { detail: details.map(({ type, value }) => ({ type, valueString: value })) } : {}),
  })
  return event
}

/** One thing that may be said of an answer. */
interface AuditDetail {
  type: string
  value: string
}

interface Kind {
  profile?: string
  action: NonNullable<AuditEvent['action']>
  subtype: Coding[]
  /** Of client and server. */
  roles: [Coding, Coding]
}

function audited(from: AuditSource, { profile, action, subtype, roles }: Kind): AuditEvent {
  const outcome = from.status < 400 ? '0' : from.status < 500 ? '4' : '8'
  const event: AuditEvent = {
    resourceType: 'AuditEvent',
    type: {
      system: 'http://terminology.hl7.org/CodeSystem/audit-event-type',
      code: 'rest',
      display: 'Restful Operation',
    },
    subtype,
    action,
    recorded: from.recorded,
    outcome,
    agent: [clientAgent(from, roles[0]), serverAgent(from, roles[1])],
    source: {
      site: new URL(from.baseUrl).host,
      observer: { display: from.software },
      type: [
        {
          system: 'http://terminology.hl7.org/CodeSystem/security-source-type',
          code: '4',
          display: 'Application Server',
        },
      ],
    },
    entity: [
      {
        type: {
          system: 'https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType',
          code: 'XrequestId',
          display: 'X-Request-Id',
        },
        what: { identifier: { value: from.requestId } },
      },
    ],
  }
  // The profiles are of what succeeded.
  if (profile !== undefined && outcome === '0') event.meta = { profile: [profile] }
  else if (outcome !== '0') event.outcomeDesc = `HTTP ${from.status}`
  return event
}

function clientAgent({ principal, clientAddress }: AuditSource, type: Coding): Agent {
  const who = principal
    ? { identifier: { system: principalSystem, value: principal.id }, display: principal.name }
    : { display: 'anonymous client' }
  const agent: Agent = { type: { coding: [type] }, who, requestor: false }
  if (clientAddress !== undefined) agent.network = { address: clientAddress, type: '2' }
  return agent
}

function serverAgent({ software, baseUrl }: AuditSource, type: Coding): Agent {
  return {
    type: { coding: [type] },
    who: { display: software },
    requestor: false,
    network: { address: baseUrl, type: '5' },
  }
}

/** Completes the writes of a request before they are stored. */
type Complete = (writes: Write[]) => Promise<Write[]>

/**
 * The store for one request that writes: its writes are completed, and each comes with its AuditEvent in one transaction, so that none
 * is there without the other.
 */
export function requestStorage(storage: Storage, source: AuditSource, complete: Complete): Storage {
  return {
    read: (type, id) => storage.read(type, id),
    readVersion: (type, id, versionId) => storage.readVersion(type, id, versionId),
    history: (query) => storage.history(query),
    search: (query) => storage.search(query),
    findCanonical: (type, url) => storage.findCanonical(type, url),
    published: (type, canonical) => storage.published(type, canonical),
    publications: () => storage.publications(),
    count: () => storage.count(),
    revision: (types) => storage.revision(types),
    subscribe: (listener) => storage.subscribe(listener),
    catchUp: (how) => storage.catchUp(how),
    past: storage.past,
    derived: storage.derived,
    records: storage.records,
    close: () => storage.close(),
    async write(given) {
      const writes = inOrder(given)
      const events: Write[] = []
      for (const write of writes) {
        const resource = writeEvent(source, await actionOf(storage, write), write)
        events.push({ method: 'POST', type: 'AuditEvent', resource })
      }
      const written = await storage.write([...(await complete(writes)), ...events])
      const byWrite = new Map(writes.map((write, place) => [write, written[place]]))
      return given.flatMap((write) => byWrite.get(write) ?? [])
    },
  }
}

/** A Provenance tells the version of what it is about: it is written when that is. */
function inOrder(writes: Write[]): Write[] {
  if (!writes.some(({ type }) => type === 'Provenance')) return writes
  return writes.toSorted((a, b) => Number(a.type === 'Provenance') - Number(b.type === 'Provenance'))
}

/** PUT of an id that is new or was deleted creates. */
async function actionOf(storage: Storage, { method, type, id }: Write): Promise<WriteAction> {
  if (method === 'DELETE') return 'delete'
  if (method === 'POST' || id === undefined) return 'create'
  return (await storage.read(type, id))?.resource ? 'update' : 'create'
}

/** Types that tell who did what: read with permission alone, drawn in by no `_include`, absent from the history of all. */
const protectedTypes = new Set(['AuditEvent'])

/** Whether reading needs the same permission as writing. */
export function isProtectedType(type: string): boolean {
  return protectedTypes.has(type)
}

/** Whether resources of that type, once made, stay as they are: who could change them could hide what happened. */
export function isAppendOnly(type: string): boolean {
  return protectedTypes.has(type)
}
