/** AuditEvents as messages of syslog (RFC 5424) with a DICOM audit message (DICOM PS3.15 A.5; RFC 3881), for ITI-20 over TLS (RFC 5425). */
import type { Resource } from '../fhir/types.ts'

type AuditEvent = Extract<Resource, { resourceType: 'AuditEvent' }>

/** Facility 10 (security), as IHE ITI-20 wants it; severity 5 for what succeeded, 4 for what did not. */
const priority = (outcome: string | undefined): number => 10 * 8 + (outcome === '0' || outcome === undefined ? 5 : 4)

/** One message with its length in front (RFC 5425 §4.3). */
export function syslogFrame(event: AuditEvent, { host, software }: { host: string; software: string }): Buffer {
  const time = instantOf(event.recorded)
  const head = `<${priority(event.outcome)}>1 ${time} ${printable(host, 255)} ${printable(software, 48)} - IHE+RFC-3881 - `
  const message = Buffer.from(`${head}\ufeff${dicomMessage(event)}`)
  return Buffer.concat([Buffer.from(`${message.length} `), message])
}

/** NILVALUE for what is no time to a computer, as a leap second: one such event keeps no other from being sent (RFC 5424 §6.2.3). */
function instantOf(recorded: string): string {
  const time = new Date(recorded)
  return Number.isNaN(time.getTime()) ? '-' : time.toISOString()
}

/** A part of the head of a message: printable ASCII without blanks (RFC 5424 §6). */
const printable = (text: string, longest: number): string => text.replace(/[^\x21-\x7e]/g, '_').slice(0, longest) || '-'

/** An AuditEvent as an audit message of DICOM. */
export function dicomMessage(event: AuditEvent): string {
  const { type, subtype = [], action, recorded, outcome, outcomeDesc, agent, source, entity = [] } = event
  const parts = [
    element(
      'EventIdentification',
      {
        EventActionCode: action ?? 'E',
        EventDateTime: recorded,
        EventOutcomeIndicator: outcome ?? '0',
      },
      [
        coded('EventID', type),
        ...subtype.map((each) => coded('EventTypeCode', each)),
        ...(outcomeDesc === undefined
          ? []
          : [`<EventOutcomeDescription>${escaped(outcomeDesc)}</EventOutcomeDescription>`]),
      ],
    ),
    ...agent.map(({ who, requestor, network, type: kind }) =>
      element(
        'ActiveParticipant',
        {
          UserID: who?.identifier?.value ?? who?.display ?? 'unknown',
          UserIsRequestor: String(requestor),
          NetworkAccessPointID: network?.address,
          NetworkAccessPointTypeCode: network?.type,
        },
        kind?.coding?.[0] ? [coded('RoleIDCode', kind.coding[0])] : [],
      ),
    ),
    element(
      'AuditSourceIdentification',
      { AuditSourceID: source.observer.display ?? 'unknown', AuditEnterpriseSiteID: source.site },
      [],
    ),
    ...entity.map(({ what, type: kind, role, name, query, detail = [] }) =>
      element(
        'ParticipantObjectIdentification',
        {
          ParticipantObjectID: what?.identifier?.value ?? what?.reference ?? what?.display ?? name ?? 'unknown',
          ParticipantObjectTypeCode: kind?.code?.match(/^\d+$/) ? kind.code : '2',
          ParticipantObjectTypeCodeRole: role?.code?.match(/^\d+$/) ? role.code : undefined,
        },
        [
          coded('ParticipantObjectIDTypeCode', kind ?? {}),
          query === undefined
            ? `<ParticipantObjectName>${escaped(name ?? '')}</ParticipantObjectName>`
            : `<ParticipantObjectQuery>${escaped(query)}</ParticipantObjectQuery>`,
          ...detail.map(({ type: what, valueString, valueBase64Binary }) =>
            element(
              'ParticipantObjectDetail',
              { type: what, value: valueBase64Binary ?? Buffer.from(valueString ?? '').toString('base64') },
              [],
            ),
          ),
        ],
      ),
    ),
  ]
  return `<?xml version="1.0" encoding="UTF-8"?><AuditMessage>${parts.join('')}</AuditMessage>`
}

const coded = (
  name: string,
  { system, code, display }: { system?: string | undefined; code?: string | undefined; display?: string | undefined },
): string =>
  element(
    name,
    { 'csd-code': code ?? 'unknown', codeSystemName: system ?? 'unknown', originalText: display ?? code ?? 'unknown' },
    [],
  )

function element(name: string, attributes: Record<string, string | undefined>, content: string[]): string {
  const written = Object.entries(attributes).flatMap(([key, value]) =>
    value === undefined ? [] : [` ${key}="${escaped(value)}"`],
  )
  return content.length === 0
    ? `<${name}${written.join('')}/>`
    : `<${name}${written.join('')}>${content.join('')}</${name}>`
}

/** What XML 1.0 has no character for is left out. */
function escaped(text: string): string {
  return text
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '')
    .replace(/[&<>"'\t\n\r]/g, (character) => `&#${character.charCodeAt(0)};`)
}
