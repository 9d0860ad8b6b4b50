import assert from 'node:assert/strict'
import { createPrivateKey } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { GatewayError } from '../../src/gateway/gateway-error.ts'
import { certificateWarnings, keyFileProblems, openIdentity } from '../../src/gateway/identity.ts'
import { openssl, withOpenssl } from '../support/openssl.ts'
import { testPki } from '../support/pki/pki.ts'
import { startBench } from './stand-in.ts'

const folder = mkdtempSync(join(tmpdir(), 'vidimus-identity-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const pki = testPki()
pki.write(folder)
const file = (name: string, content: string | Buffer) => {
  writeFileSync(join(folder, name), content, { mode: 0o600 })
  return join(folder, name)
}
const { tls, up } = pki.of('XA')

describe('keys of gateways', () => {
  it('PEM with its chain, and an encrypted key', async () => {
    const encrypted = createPrivateKey(tls.keyPem).export({
      type: 'pkcs8',
      format: 'pem',
      cipher: 'aes-256-cbc',
      passphrase: 'secret',
    })
    const files = {
      certificate: file('chain.pem', tls.pem + pki.of('XA').sca.pem),
      key: file('encrypted.key', encrypted),
      passwordFile: file('password', 'secret\nand more\n'),
    }
    assert.deepEqual(keyFileProblems(files, 'XA'), [])
    const identity = await openIdentity(files, 'XA')
    assert.equal(identity.pem.match(/BEGIN CERTIFICATE/g)?.length, 2)
    assert.ok(identity.certificate.raw.equals(tls.certificate.raw))
    const wrong = { ...files, passwordFile: file('wrong', 'other') }
    assert.match(keyFileProblems(wrong, 'XA').join(), /no private key that can be read/)
    assert.doesNotMatch(keyFileProblems(wrong, 'XA').join(), /other|secret/)
  })

  it('DER of both', async () => {
    const key = createPrivateKey(up.keyPem).export({ type: 'pkcs8', format: 'der' })
    const files = { certificate: file('up.der', up.certificate.raw), key: file('up.key.der', key) }
    assert.deepEqual(keyFileProblems(files, 'XA'), [])
    assert.ok((await openIdentity(files, 'XA')).certificate.raw.equals(up.certificate.raw))
  })

  it('a subject with two countries, or none', () => {
    const subjects = [{ commonName: 'none' }, { country: 'XB', commonName: 'other' }]
    for (const subject of subjects) {
      const made = pki.make({ name: 'XA_made', subject: subject as Parameters<typeof pki.make>[0]['subject'] })
      const files = { certificate: file('made.pem', made.pem), key: file('made.key', made.keyPem) }
      assert.match(keyFileProblems(files, 'XA').join(), /exactly one C, XA; it has (?:none|XB)/)
    }
  })

  it('periods are told, and never keep a server from starting', () => {
    const { certificate } = up
    const at = (days: number) => new Date(certificate.validToDate.getTime() + days * 86_400_000)
    const told = (now: Date) => certificateWarnings('upload certificate', certificate, now)
    assert.deepEqual(told(at(-31)), [])
    assert.match(told(at(-29.5)).join(), /ends on .* in 29 days/)
    assert.match(told(at(1)).join(), /ended on/)
    assert.match(told(new Date(certificate.validFromDate.getTime() - 1000)).join(), /not valid before/)
  })

  it('a certificate that is meant for something else is warned of', async () => {
    const bench = await startBench({ pki })
    try {
      const [desc, sca] = ['XA_DESC', 'XA_SCA'].map((name) => ({
        certificate: join(folder, `${name}.pem`),
        key: join(folder, `${name}.key`),
      }))
      assert.ok(desc && sca)
      assert.deepEqual((await bench.open('XA')).warnings(new Date()), [])
      const server = { certificate: file('server.pem', ''), key: file('server.key', '') }
      const made = pki.make({
        name: 'XA_server',
        subject: { country: 'XA', organization: 'x', commonName: 'server' },
        extendedKeyUsage: ['1.3.6.1.5.5.7.3.1'],
      })
      file('server.pem', made.pem)
      file('server.key', made.keyPem)
      const told = (await bench.open('XA', { tls: server, upload: sca })).warnings(new Date()).join()
      assert.match(told, /not for clients.*not for signatures/)
      const one = (await bench.open('XA', { tls: desc, upload: desc })).warnings(new Date()).join()
      assert.match(one, /one certificate serves TLS and uploads/)
    } finally {
      await bench.close()
    }
  })

  it('nothing is sent with an upload certificate outside of its period', async () => {
    const bench = await startBench({ pki })
    try {
      const past = { notBefore: new Date('2021-01-01'), notAfter: new Date('2022-01-01') }
      const ended = pki.make({ name: 'XA_UP', subject: { country: 'XA', commonName: 'ended' }, ...past })
      const upload = { certificate: file('ended.pem', ended.pem), key: file('ended.key', ended.keyPem) }
      const { client, warnings } = await bench.open('XA', { upload })
      assert.match(warnings(new Date()).join(), /ended on 2022-01-01/)
      await assert.rejects(client.deleteReference('00000000-0000-4000-8000-000000000001'), (error) => {
        assert.ok(error instanceof GatewayError)
        assert.equal(error.state, 'not-onboarded')
        return true
      })
      assert.deepEqual(bench.asked(), [])
    } finally {
      await bench.close()
    }
  })
})

withOpenssl('PKCS#12', () => {
  it('holds both halves, for a connection and for signatures', async () => {
    const pack = (key: typeof tls) => {
      const args = ['pkcs12', '-export', '-in', 'cert', '-inkey', 'key', '-passout', 'file:password', '-out', 'out']
      return openssl(args, { cert: key.pem, key: key.keyPem, password: 'secret\n' })
    }
    const passwordFile = file('p12.password', 'secret\n')
    const bench = await startBench({ pki })
    try {
      const { client } = await bench.open('XA', {
        tls: { certificate: file('tls.p12', pack(tls)), passwordFile },
        upload: { certificate: file('up.p12', pack(up)), passwordFile },
      })
      assert.deepEqual(await client.countries(), ['XA', 'XB'])
      await assert.rejects(client.deleteReference('00000000-0000-4000-8000-000000000001'), /no such entry/)
      const wrong = { certificate: join(folder, 'tls.p12'), passwordFile: file('wrong.password', 'other\n') }
      await assert.rejects(bench.open('XA', { tls: wrong }), /cannot be opened as PKCS#12/)
    } finally {
      await bench.close()
    }
  })
})
