import assert from 'node:assert/strict'
import { walkSections } from '../../support/sections.ts'
import { type ArchiveText, writeArchive } from './archives.ts'
import { vaccination } from './documents.ts'
import { contentOf, signers, verifyText } from './verify.ts'

interface ArchiveCase {
  archive?: ArchiveText
  /** In place of the certificate: a text so many times, and another as many behind it; or bytes. */
  content?: string
  times?: number
  then?: string
  hex?: string
  /** How the archive becomes a text. */
  text?: 'raw' | 'unpadded' | 'wrapped' | 'base64url' | 'lower' | 'none'
  suffix?: string
  suffixTimes?: number
  status: string
}

const certificate = await contentOf(vaccination(), signers.ed25519)

function contentOfCase({ content, times = 1, then = '', hex }: ArchiveCase): Buffer {
  if (hex !== undefined) return Buffer.from(hex, 'hex')
  return content === undefined ? certificate : Buffer.from(content.repeat(times) + then.repeat(times))
}

function textOf(zip: Buffer, how: ArchiveCase['text']): string {
  const base64 = zip.toString('base64')
  switch (how) {
    case 'raw':
      return zip.toString('latin1')
    case 'unpadded':
      return `B64:${base64.replace(/=+$/, '')}`
    case 'wrapped':
      return `B64:${base64.slice(0, 64)}\n${base64.slice(64)}`
    case 'base64url':
      return `B64:${base64.replaceAll('+', '-').replaceAll('/', '_')}`
    case 'lower':
      return `b64:${base64}`
    case 'none':
      return 'B64:'
    default:
      return `B64:${base64}`
  }
}

walkSections<ArchiveCase>('archive.json', import.meta.url, async (each) => {
  const text = textOf(writeArchive(contentOfCase(each), each.archive), each.text)
  const verdict = await verifyText(text + (each.suffix ?? '').repeat(each.suffixTimes ?? 1), signers.ed25519)
  assert.equal(verdict.status, each.status, JSON.stringify(verdict.checks))
})
