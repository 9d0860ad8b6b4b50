/** What a gateway lists is believed as far as it is signed, and no further: by the anchor, or by the UP of its country. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type StandIn, startGateway } from '../support/gateway/gateway.ts'
import { type CertificateRow, certificateRow } from '../support/gateway/rows.ts'
import { makeCms } from '../support/pki/cms.ts'
import { type PkiKey, type TestPki, testPki } from '../support/pki/pki.ts'
import { issue, type Network, type Participant, startNetwork, startParticipant } from './network.ts'

const minute = 60_000

describe('A credential through the rows of a gateway', () => {
  let network: Network
  let server: Participant
  let genuine: CertificateRow[]
  /** Another network with an anchor of its own, which federates with ours. */
  const others = testPki({ countries: ['XD'] })
  let other: StandIn
  before(async () => {
    other = await startGateway({ pki: others })
    network = await startNetwork({ signers: ['DSC_all'] })
    genuine = [...network.gateway.certificates]
    server = await startParticipant(network, { country: 'XB', settings: { TRUST_LISTS: sources({}) } })
  })
  after(async () => {
    await server.close()
    await network.close()
    await other.close()
  })
  const sources = (more: object) =>
    JSON.stringify([{ name: 'gateway', kind: 'gateway', location: 'main', refreshSeconds: 60, ...more }])
  const statusOf = async (reader: Participant, key: PkiKey) => {
    await reader.timers.advance(1.2 * minute)
    return (await reader.evaluate(issue(key))).status
  }
  const dsc = () => network.pki.of('XA').dsc('all')

  /** Rows of XA in place of the genuine ones of their groups. */
  const cases: Record<string, (pki: TestPki, stranger: PkiKey) => { group: string; rows: CertificateRow[] }> = {
    'a signer that the UP of another country signed': (pki) => ({
      group: 'DSC',
      rows: [certificateRow(pki, 'DSC', dsc(), { signer: pki.of('XB').up })],
    }),
    'a signer that a stranger signed': (pki, stranger) => ({
      group: 'DSC',
      rows: [certificateRow(pki, 'DSC', dsc(), { signer: stranger })],
    }),
    'a signer whose signature is over another certificate': (pki) => ({
      group: 'DSC',
      rows: [
        { ...certificateRow(pki, 'DSC', dsc()), signature: signatureOver(pki.of('XA').dsc('any'), pki.of('XA').up) },
      ],
    }),
    'a signer without a signature': (pki) => ({
      group: 'DSC',
      rows: [{ ...certificateRow(pki, 'DSC', dsc()), signature: '' }],
    }),
    'a signer of another country': (pki) => ({
      group: 'DSC',
      rows: [certificateRow(pki, 'DSC', dsc(), { country: 'XB' })],
    }),
    'a signer called an authority': (pki) => ({
      group: 'DSC',
      rows: [certificateRow(pki, 'CSCA', dsc())],
    }),
    'an authority that a stranger signed': (pki, stranger) => ({
      group: 'CSCA',
      rows: [certificateRow(pki, 'CSCA', pki.of('XA').sca, { signer: stranger })],
    }),
    'an authority that the UP signed': (pki) => ({
      group: 'CSCA',
      rows: [certificateRow(pki, 'CSCA', pki.of('XA').sca, { signer: pki.of('XA').up })],
    }),
    'no authority': () => ({ group: 'CSCA', rows: [] }),
    'an UP that a stranger signed': (pki, stranger) => ({
      group: 'UPLOAD',
      rows: [certificateRow(pki, 'UPLOAD', pki.of('XA').up, { signer: stranger })],
    }),
    'an UP that itself signed': (pki) => ({
      group: 'UPLOAD',
      rows: [certificateRow(pki, 'UPLOAD', pki.of('XA').up, { signer: pki.of('XA').up })],
    }),
  }

  it('is verified by genuine rows, with the certificate inside the signature or apart', async () => {
    assert.equal(await statusOf(server, dsc()), 'VERIFIED')
    const apart = certificateRow(network.pki, 'DSC', dsc(), { isDetached: true })
    replace('DSC', [apart])
    assert.equal(await statusOf(server, dsc()), 'VERIFIED')
    restore()
  })

  for (const [name, make] of Object.entries(cases))
    it(`is not verified by ${name}`, async () => {
      const stranger = network.pki.make({ name: 'XA_stranger', subject: { country: 'XA', commonName: 'a stranger' } })
      const { group, rows } = make(network.pki, stranger)
      replace(group, rows)
      const spoilt = await startParticipant(network, { country: 'XB', settings: { TRUST_LISTS: sources({}) } })
      assert.equal(await statusOf(spoilt, dsc()), 'ISSUER_NOT_TRUSTED')
      await spoilt.close()
      restore()
    })

  it('of another network is verified where its anchor is configured by the name of its gateway', async () => {
    network.gateway.federate(other)
    const key = others.of('XD').dsc('all')
    assert.equal(await statusOf(server, key), 'ISSUER_NOT_TRUSTED')
    const anchor = network.file('other-anchor.pem', others.anchor.pem)
    const ours = network.file('our-anchor.pem', network.pki.anchor.pem)
    const configured = {
      'federation alone': [{ withFederation: true }, 'ISSUER_NOT_TRUSTED'],
      'our anchor for theirs': [{ withFederation: true, anchors: { [other.id]: [ours] } }, 'ISSUER_NOT_TRUSTED'],
      'their anchor': [{ withFederation: true, anchors: { [other.id]: [anchor] } }, 'VERIFIED'],
    } as const
    for (const [name, [more, status]] of Object.entries(configured)) {
      const reader = await startParticipant(network, { country: 'XB', settings: { TRUST_LISTS: sources(more) } })
      assert.equal(await statusOf(reader, key), status, name)
      assert.equal(await statusOf(reader, dsc()), 'VERIFIED', name)
      await reader.close()
    }
  })

  const restore = () => {
    network.gateway.certificates.splice(0, network.gateway.certificates.length, ...genuine)
  }
  const replace = (group: string, rows: CertificateRow[]) => {
    const { certificates } = network.gateway
    certificates.splice(
      0,
      certificates.length,
      ...certificates.filter((row) => row.country !== 'XA' || row.group !== group),
      ...rows,
    )
  }
})

const signatureOver = ({ certificate }: PkiKey, signer: PkiKey) => makeCms(certificate.raw, signer).toString('base64')
