import assert from 'node:assert/strict'
import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import { it } from 'node:test'
import fc from 'fast-check'
import { CmsError } from '../../src/cms/cms.ts'
import { openPkcs12 } from '../../src/cms/pkcs12.ts'
import { writeCertificate } from '../../src/demo/certificate-writer.ts'
import { type TestSigner, testSigner } from '../support/cms-signer.ts'
import { openssl, withOpenssl } from '../support/openssl.ts'
import { readCases } from '../support/read-cases.ts'

/** A file that openssl makes, and what becomes of it. */
interface Case {
  name: string
  key: string
  args: string[]
  password?: string
  refused?: 'malformed' | 'signature'
}

const signers = new Map<string, TestSigner>()
const signerOf = (kind: string) => {
  const known = signers.get(kind) ?? testSigner(kind)
  signers.set(kind, known)
  return known
}

function exported(signer: TestSigner, args: string[], { password = 'secret', others = '' } = {}): Buffer {
  const command = ['pkcs12', '-export', '-in', 'cert', '-inkey', 'key', '-passout', 'file:password', '-out', 'out']
  const more = others === '' ? [] : ['-certfile', 'others']
  return openssl([...command, ...more, ...args], {
    cert: signer.cert,
    key: signer.key,
    others,
    password: `${password}\n`,
  })
}

withOpenssl('a PKCS#12 file', () => {
  for (const { name, key, args, password = 'secret', refused } of readCases<Case>(import.meta.url, 'cases/pkcs12.json'))
    it(`${name}: ${refused ?? 'is opened with its password alone'}`, async () => {
      const signer = signerOf(key)
      const der = exported(signer, args, { password })
      if (refused) {
        await assert.rejects(openPkcs12(der, password), { name: 'CmsError', reason: refused })
        return
      }
      const { privateKey, certificates } = await openPkcs12(der, password)
      assert.ok(privateKey.equals(signer.privateKey))
      assert.deepEqual(
        certificates.map(({ raw }) => raw.equals(signer.certificate.raw)),
        [true],
      )
      const wrong = { name: 'CmsError', reason: 'signature', message: /^the password is wrong/ }
      await assert.rejects(openPkcs12(der, `${password}x`), wrong)
      await assert.rejects(openPkcs12(der, password === '' ? 'x' : ''), wrong)
    })

  it('gives the certificate of the key first, then its issuers', async () => {
    const authority = testSigner('P-256', 'an authority', true)
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const period = { notBefore: new Date(Date.now() - 1e6), notAfter: new Date(Date.now() + 1e6) }
    const subject = { commonName: 'a leaf' }
    const issuer = {
      name: { commonName: 'an authority', country: 'XA' },
      ...authority,
      publicKey: authority.certificate.publicKey,
    }
    const der = writeCertificate({ subject, publicKey, serialNumber: Buffer.from([5]), ...period }, issuer)
    const certificate = new X509Certificate(der)
    const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
    const leaf = { certificate, privateKey, cert: certificate.toString(), key }
    const stranger = signerOf('P-256')
    const opened = await openPkcs12(exported(leaf, [], { others: stranger.cert + authority.cert }), 'secret')
    assert.deepEqual(
      opened.certificates.map(({ subject: name }) => name),
      [certificate, authority.certificate, stranger.certificate].map(({ subject: name }) => name),
    )
  })

  it('without a key is refused', async () => {
    const signer = signerOf('P-256')
    const files = { cert: signer.cert, password: 'secret\n' }
    const command = ['pkcs12', '-export', '-nokeys', '-in', 'cert', '-passout', 'file:password', '-out', 'out']
    await assert.rejects(openPkcs12(openssl(command, files), 'secret'), {
      reason: 'malformed',
      message: /one private key/,
    })
  })

  it('that was changed anywhere never gives another key, and nothing but a plain refusal', async () => {
    const signer = signerOf('P-256')
    const files = [exported(signer, ['-iter', '1']), exported(signer, ['-legacy', '-noiter', '-nomaciter'])]
    const place = fc.record({ at: fc.nat(2_000), byte: fc.nat(255) })
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...files), place, async (file, { at, byte }) => {
        const bytes = Buffer.from(file)
        bytes[at % bytes.length] = byte
        await openPkcs12(bytes, 'secret').then(
          ({ privateKey }) => assert.ok(privateKey.equals(signer.privateKey)),
          (error) => assert.ok(error instanceof CmsError, String(error)),
        )
      }),
      { numRuns: 1_000 },
    )
  })

  it('that asks for rounds without end is refused', async () => {
    const der = exported(signerOf('P-256'), ['-iter', '3000'])
    const rounds = Buffer.from([2, 2, 0x0b, 0xb8])
    const at = der.lastIndexOf(rounds)
    assert.ok(at > 0)
    // The last number of the file is that of the MAC; made larger, the lengths around it grow by two.
    const larger = Buffer.concat([der.subarray(0, at), Buffer.from([2, 4, 0x7f, 0xff, 0xff, 0xff])])
    const lengthAt = der.lastIndexOf(0x30, der.indexOf(Buffer.from([0x30, 0x31, 0x30, 0x0d]), at - 80) - 1)
    larger[lengthAt + 1] = (larger[lengthAt + 1] ?? 0) + 2
    larger.writeUInt16BE(larger.length - 4, 2)
    await assert.rejects(openPkcs12(larger, 'secret'), { reason: 'malformed', message: /rounds/ })
  })
})

for (const [what, bytes] of [
  ['nothing', Buffer.alloc(0)],
  ['text', Buffer.from('-----BEGIN')],
  ['a certificate', testSigner('P-256').certificate.raw],
] as const)
  it(`${what} is no PKCS#12 file`, () =>
    assert.rejects(openPkcs12(bytes, 'x'), { name: 'CmsError', reason: 'malformed' }))
