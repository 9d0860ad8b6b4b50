import assert from 'node:assert/strict'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { missingSecret } from '../../src/base/secret-file.ts'

const pem = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  .privateKey.export({ type: 'pkcs8', format: 'pem' })
  .toString()

describe('what may be a secret is not told', () => {
  const secrets: [what: string, text: string][] = [
    ['a password', 'hunter2'],
    ['a password with a full stop in it', 'hun.ter-2!'],
    ['a key', pem],
    ['a key in quotes', `"${pem}"`],
    ['a key on one line', pem.replaceAll('\n', ' ')],
    ['a key without its lines around it', pem.split('\n')[1] ?? ''],
    ['base64 that begins as a path does', `/${randomBytes(40).toString('base64')}`],
    ['hexadecimal digits', randomBytes(32).toString('hex')],
  ]
  for (const [what, text] of secrets)
    it(what, () => {
      const told = missingSecret(text, false)
      assert.match(told ?? '', /the path of a file is wanted/)
      assert.ok(!told?.includes(text))
    })
})

describe('what names a file is told as ever', () => {
  for (const text of ['/run/secrets/password', './password', '../keys/key', 'keys/up.pem', 'up.key', 'C:\\keys\\up'])
    it(text, () => assert.equal(missingSecret(text, false), undefined))
  it('and any file that is there', () => assert.equal(missingSecret('password', true), undefined))
})
