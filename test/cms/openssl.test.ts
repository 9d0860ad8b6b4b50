import assert from 'node:assert/strict'
import { it } from 'node:test'
import { CmsError, openCms, signCms } from '../../src/cms/cms.ts'
import { type TestSigner, testSigner } from '../support/cms-signer.ts'
import { openssl, withOpenssl } from '../support/openssl.ts'
import { readCases } from '../support/read-cases.ts'

/** A message that openssl makes, and what becomes of it. */
interface Case {
  name: string
  key: string
  /** For `openssl cms -sign`. */
  args: string[]
  detached?: boolean
  contentType?: string
  certificates?: 'many'
  refused?: 'malformed' | 'signature'
}

const content = Buffer.from(`{"url":"https://a.example/r/1","text":"é\\r\\n${'x'.repeat(5_000)}"}`)
const signers = new Map<string, TestSigner>()
const signerOf = (kind: string) => {
  const known = signers.get(kind) ?? testSigner(kind)
  signers.set(kind, known)
  return known
}

function made({ key, args }: Case): { der: Buffer; signer: TestSigner } {
  const signer = signerOf(key)
  const other = signerOf('P-256 of another')
  const der = openssl(
    ['cms', '-sign', '-binary', '-in', 'content', '-signer', 'up.pem', '-inkey', 'up.key', ...args].concat([
      '-outform',
      'DER',
      '-out',
      'out',
    ]),
    { content, 'up.pem': signer.cert, 'up.key': signer.key, 'other.pem': other.cert, 'other.key': other.key },
  )
  return { der, signer }
}
signers.set('P-256 of another', testSigner('P-256', 'another'))

withOpenssl('a message that openssl signs', () => {
  for (const one of readCases<Case>(import.meta.url, 'cases/openssl.json'))
    it(`${one.name}: ${one.refused ?? 'is opened'}`, async () => {
      const { der, signer } = made(one)
      const { contentType, certificates, detached, refused } = one
      const options = {
        ...(detached ? { detached: content } : {}),
        ...(contentType ? { contentType } : {}),
        ...(certificates ? { certificates } : {}),
      }
      if (refused) {
        await assert.rejects(openCms(der, options), (error) => error instanceof CmsError && error.reason === refused)
        return
      }
      const opened = await openCms(der, options)
      assert.ok(opened.content.equals(content))
      assert.ok(opened.signer.raw.equals(signer.certificate.raw))
      assert.equal(opened.certificates.length, certificates ? 2 : 1)
      const hasTime = !one.args.includes('-noattr')
      assert.equal(opened.signingTime !== undefined, hasTime)
      if (opened.signingTime) assert.ok(Math.abs(opened.signingTime.getTime() - Date.now()) < 3_600_000)
      for (const changed of [content.subarray(1), Buffer.from('other')])
        await assert.rejects(openCms(der, { ...options, detached: changed }), { reason: 'signature' })
    })
})

withOpenssl('openssl verifies a message of ours', () => {
  const at = new Date('2026-11-29T12:00:00Z')
  for (const kind of ['P-256', 'P-384', 'brainpoolP256r1', 'RSA-2048', 'RSA-3072'])
    for (const detached of [false, true])
      it(`${kind}${detached ? ', detached' : ''}`, async () => {
        const { certificate, privateKey, cert } = signerOf(kind)
        const der = await signCms(content, { certificate, privateKey, at }, { detached })
        const verify = ['cms', '-verify', '-binary', '-noverify', '-inform', 'DER', '-in', 'message']
        const args = [...verify, '-certfile', 'up.pem', ...(detached ? ['-content', 'content'] : []), '-out', 'out']
        assert.ok(openssl(args, { message: der, content, 'up.pem': cert }).equals(content))
        if (detached) assert.throws(() => openssl(args, { message: der, content: 'other', 'up.pem': cert }))
        const opened = await openCms(der, detached ? { detached: content } : {})
        assert.ok(opened.content.equals(content))
        assert.equal(opened.signingTime?.toISOString(), at.toISOString())
      })
})
