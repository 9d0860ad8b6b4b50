import assert from 'node:assert/strict'
import { createHash, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { cmsFromText, openCms } from '../../src/cms/cms.ts'
import { overShared, sharedPath } from '../support/shared.ts'

/** What the corpus says of one record. */
interface Expected {
  file: string
  signatureVerifies: boolean
  signerIsTrustAnchor: boolean
  payloadIsCertificate?: boolean | null
  payload?: string
  thumbprintMatches?: boolean | null
  detached?: boolean
}

const read = (name: string) => JSON.parse(readFileSync(sharedPath(`corpora/trust/${name}`), 'utf8'))

overShared.describe('records that trust anchors of the network signed', () => {
  const { onboarding }: { onboarding: { trustAnchor: string; files: Expected[] } } = read('expectations.json')
  const anchor = new X509Certificate(readFileSync(sharedPath(`corpora/trust/${onboarding.trustAnchor}`)))
  for (const expected of onboarding.files)
    overShared.it(expected.file, async () => {
      const record = read(expected.file)
      const der = cmsFromText(record.trustAnchorSignature ?? record.signature)
      const certificate = Buffer.from(record.certificateRawData ?? '', 'base64')
      const options = expected.detached ? { detached: certificate } : {}
      if (!expected.signatureVerifies) {
        await assert.rejects(openCms(der, options), { reason: 'signature' })
        return
      }
      const opened = await openCms(der, options)
      assert.equal(opened.signer.raw.equals(anchor.raw), expected.signerIsTrustAnchor)
      assert.ok(opened.signingTime instanceof Date)
      if (expected.payload !== undefined) assert.equal(opened.content.toString(), expected.payload)
      if (typeof expected.payloadIsCertificate === 'boolean')
        assert.equal(opened.content.equals(certificate), expected.payloadIsCertificate)
      if (typeof expected.thumbprintMatches === 'boolean') {
        const thumbprint = createHash('sha256').update(certificate).digest('hex')
        assert.equal(thumbprint === record.certificateThumbprint.toLowerCase(), expected.thumbprintMatches)
      }
      // Foreign content beside the message: the signature over what is inside must not count for it.
      await assert.rejects(openCms(der, { detached: anchor.raw.subarray(1) }), { reason: 'signature' })
      if (expected.payloadIsCertificate === false)
        await assert.rejects(openCms(der, { detached: certificate }), { reason: 'signature' })
      if (expected.payloadIsCertificate) await openCms(der, { detached: certificate })
    })
})
