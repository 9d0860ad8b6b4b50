import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { SaxesParser } from 'saxes'
import { dicomMessage, syslogFrame } from '../../src/audit/syslog.ts'
import type { Resource } from '../../src/fhir/types.ts'

type AuditEvent = Extract<Resource, { resourceType: 'AuditEvent' }>

const event: AuditEvent = {
  resourceType: 'AuditEvent',
  id: 'a',
  type: {
    system: 'http://terminology.hl7.org/CodeSystem/audit-event-type',
    code: 'rest',
    display: 'Restful Operation',
  },
  subtype: [{ system: 'urn:ihe:event-type-code', code: 'ITI-97', display: 'Expand Value Set' }],
  action: 'R',
  recorded: '2026-01-02T03:04:05.678Z',
  outcome: '0',
  agent: [
    {
      type: { coding: [{ code: '110153' }] },
      who: { display: 'client' },
      requestor: true,
      network: { address: '192.0.2.1', type: '2' },
    },
  ],
  source: { site: 'host', observer: { display: 'vidimus' } },
  entity: [{ what: { reference: 'ValueSet/a' }, role: { code: '4' }, type: { code: '2' } }],
}

/** Reads an XML text strictly; names of elements in order, and attributes by element. */
function parsed(xml: string) {
  const names: string[] = []
  const attributes: Record<string, Record<string, string>> = {}
  let text = ''
  const parser = new SaxesParser()
  parser.on('error', (error) => {
    throw error
  })
  parser.on('opentag', (tag) => {
    names.push(tag.name)
    attributes[tag.name] ??= tag.attributes as Record<string, string>
  })
  parser.on('text', (each) => {
    text += each
  })
  parser.write(xml).close()
  return { names, attributes, text }
}

describe('a message of syslog', () => {
  it('has its length in front, and the head of RFC 5424', () => {
    const frame = syslogFrame(event, { host: 'server.example', software: 'vidimus 1.0' }).toString()
    const [, length = '', message = ''] = /^(\d+) ([\s\S]*)$/.exec(frame) ?? []
    assert.equal(Buffer.byteLength(message), Number(length))
    assert.match(
      message,
      /^<85>1 2026-01-02T03:04:05\.678Z server\.example vidimus_1\.0 - IHE\+RFC-3881 - \ufeff<\?xml/,
    )
    assert.match(syslogFrame({ ...event, outcome: '4' }, { host: 'a', software: 'b' }).toString(), /^\d+ <84>1 /)
  })

  it('is made of a time that is none to a computer, too', () => {
    for (const recorded of ['2016-12-31T23:59:60Z', 'never'])
      assert.match(syslogFrame({ ...event, recorded }, { host: 'a', software: 'b' }).toString(), /^\d+ <\d+>1 - a b /)
  })

  it('says what the AuditEvent says', () => {
    const { names, attributes } = parsed(dicomMessage(event))
    assert.deepEqual(names.slice(0, 4), ['AuditMessage', 'EventIdentification', 'EventID', 'EventTypeCode'])
    assert.deepEqual(
      { ...attributes.EventIdentification },
      {
        EventActionCode: 'R',
        EventDateTime: '2026-01-02T03:04:05.678Z',
        EventOutcomeIndicator: '0',
      },
    )
    assert.equal(attributes.EventTypeCode?.['csd-code'], 'ITI-97')
    assert.equal(attributes.ActiveParticipant?.NetworkAccessPointID, '192.0.2.1')
    assert.equal(attributes.ParticipantObjectIdentification?.ParticipantObjectID, 'ValueSet/a')
  })

  it('is well-formed and one message, whatever text is in it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
        const odd: AuditEvent = {
          ...event,
          outcomeDesc: text,
          agent: [{ who: { display: text }, requestor: false }],
          entity: [{ name: text, query: text, detail: [{ type: text, valueString: text }] }],
        }
        const xml = dicomMessage(odd)
        parsed(xml)
        assert.doesNotMatch(xml, /[\n\r]/)
        const frame = syslogFrame(odd, { host: text, software: text })
        const blank = frame.indexOf(0x20)
        assert.equal(frame.length - blank - 1, Number(frame.subarray(0, blank).toString()))
        assert.match(frame.subarray(blank + 1).toString(), /^<85>1 \S+ \S+ \S+ - IHE\+RFC-3881 - \ufeff/)
      }),
    )
  })
})
