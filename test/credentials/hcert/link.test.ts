import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { credentialFormats } from '../../../src/credentials/credentials.ts'
import type { CborInput } from '../../../src/demo/cbor-encode.ts'
import { hcertClaims, issueHcert } from '../../../src/demo/issue-hcert.ts'
import { issueHealthLink } from '../../../src/demo/issue-health-link.ts'
import { verifyCredential } from '../../../src/evaluate/verify/verify.ts'
import { anchorKeySource } from '../../../src/trust/keys/anchors.ts'
import { testIssuer } from '../../support/issuer.ts'

const clock = new Date('2022-06-01T00:00:00Z')
const issuer = testIssuer()
const key = Buffer.alloc(32, 7)
const url = 'https://sharer.example/secret'
const vhl = issueHealthLink({ url, key, flag: 'LP', label: 'Ada' }, 'vhlink')
const shl = issueHealthLink({ url, key, flag: 'U' }, 'shlink')

const verify = (value: CborInput) => {
  const seconds = clock.getTime() / 1000
  const claims = hcertClaims({ issuer: 'XA', issuedAt: seconds - 60, expires: seconds + 60, certificate: [5, value] })
  const context = { formats: credentialFormats, keys: anchorKeySource([issuer.anchor]), clock }
  return verifyCredential([issueHcert(claims, issuer.signer)], context)
}

describe('links of an HCERT (subclaim 5)', () => {
  const shapes: [what: string, value: CborInput, links: number][] = [
    ['text with vhlink', vhl, 1],
    ['text with shlink', shl, 1],
    ['a list of {u}', [{ u: shl }], 1],
    ['a list of two', [{ u: shl }, { u: vhl }], 2],
    ['a list of texts', [vhl], 1],
  ]
  for (const [what, value, count] of shapes)
    it(`as ${what} is verified, told, and no yes`, async () => {
      const { status, format, links, obstacles, inputs } = await verify(value)
      assert.deepEqual([status, format, links.length, inputs.length], ['VERIFIED', 'hcert-link', count, 0])
      assert.equal(links[0]?.url, url)
      assert.equal(obstacles.length, count)
      const told = JSON.stringify(obstacles)
      assert.match(told, /was not followed/)
      assert.doesNotMatch(told, /sharer|secret|Ada/)
    })
  it('says whether a passcode is needed', async () =>
    assert.match(JSON.stringify((await verify(vhl)).obstacles), /\(a passcode is needed, its content may change\)/))

  const broken: [what: string, value: CborInput][] = [
    ['an empty list', []],
    ['a list with something else', [{ u: vhl }, 1]],
    ['a list of another member', [{ url: vhl }]],
    ['too many links', [1, 2, 3, 4, 5, 6].map(() => ({ u: vhl }))],
    ['another text', 'https://sharer.example/'],
    ['a viewer before it', `https://viewer.example/#${vhl}`],
    ['no payload', 'vhlink:/'],
    ['a payload that is none', 'vhlink:/bm9uc2Vuc2U'],
    ['no https address', issueHealthLink({ url: 'http://sharer.example/', key }, 'vhlink')],
    ['a key too short', issueHealthLink({ url, key: key.subarray(1) }, 'vhlink')],
    ['one good and one bad', [{ u: vhl }, { u: 'shlink:/e30' }]],
  ]
  for (const [what, value] of broken)
    it(`with ${what} is unsupported content`, async () => {
      const { status, checks, links } = await verify(value)
      assert.equal(status, 'UNSUPPORTED_CONTENT')
      assert.deepEqual(links, [])
      const outcome = (name: string) => checks.find((each) => each.name === name)?.outcome
      assert.deepEqual([outcome('payload'), outcome('signature')], ['fail', 'pass'])
    })
  for (const value of [5, { u: vhl }, Buffer.from(vhl)])
    it(`of another shape (${typeof value}) is refused before the signature`, async () => {
      const { status, checks } = await verify(value)
      assert.equal(status, 'UNSUPPORTED_CONTENT')
      assert.equal(checks.find(({ name }) => name === 'signature')?.outcome, 'skipped')
    })
  it('that have ended end the certificate', async () => {
    const exp = clock.getTime() / 1000 - 1
    const { status, links } = await verify(issueHealthLink({ url, key, exp }, 'vhlink'))
    assert.deepEqual([status, links], ['EXPIRED', []])
  })
})
