import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { deflateRawSync, deflateSync, inflateRawSync, inflateSync } from 'node:zlib'
import { credentialFormats } from '../../src/credentials/credentials.ts'
import { knownQuads } from '../../src/credentials/divoc/statements/known-quads.ts'
import { decodeBase45, encodeBase45 } from '../../src/credentials/encoding/base45.ts'
import { readOneFileZip } from '../../src/credentials/encoding/one-file-zip.ts'
import { demoIssuer, demoTrustSources } from '../../src/demo/demo-issuer.ts'
import { divocText } from '../../src/demo/issue-divoc.ts'
import { specimens } from '../../src/demo/specimens.ts'
import { verifyCredential } from '../../src/evaluate/verify/verify.ts'
import { loadTrustLists } from '../../src/trust/trust.ts'
import { type Random, randomFrom } from './generator/random.ts'

/** What a run of mutated credentials found; every line of `faults` is one that must not be. */
export interface MutationReport {
  /** Mutants by format, as many as were asked for each. */
  mutants: number
  /** How often each status was given. */
  statuses: Map<string, number>
  faults: string[]
  /** Milliseconds of the slowest verdict, and whose it was; shown, never judged. */
  slowest: { milliseconds: number; format: string }
}

/**
 * Changes genuine credentials of every format at every layer – the text, what is packed in it, the signed message – and verifies
 * what comes of it. Nothing may throw, and what is VERIFIED must still say what was signed.
 */
export async function runMutations({ mutants, seed }: { mutants: number; seed: number }): Promise<MutationReport> {
  const folder = mkdtempSync(join(tmpdir(), 'vidimus-mutations-'))
  try {
    const now = new Date()
    const originals = [...(await specimens(demoIssuer(folder, now), now)), { text: bareLink }]
    const trust = await loadTrustLists(demoTrustSources(folder, now), { now: () => now })
    const verify = (text: string) =>
      verifyCredential([text], { formats: credentialFormats, keys: trust.keys(), clock: now })
    const report: MutationReport = {
      mutants: 0,
      statuses: new Map(),
      faults: [],
      slowest: { milliseconds: 0, format: '' },
    }
    const random = randomFrom(seed)
    for (const { name: format } of credentialFormats) {
      const texts = originals.map(({ text }) => text).filter((text) => formatOf(text) === format)
      const genuine = await Promise.all(texts.map(verify))
      const saysWhatWasSigned = (content: unknown) =>
        genuine.some((each) => isDeepStrictEqual(asSigned(each.content), asSigned(content)))
      for (let i = 0; i < mutants; i++) {
        const mutant = mutate(random.of(texts), random.of(texts), random)
        await judge(report, { name: `${format} ${i}`, format, verify: () => verify(mutant), saysWhatWasSigned })
      }
    }
    return report
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** A way to files, which nobody signs. */
const bareLink = `shlink:/${Buffer.from(JSON.stringify({ url: 'https://files.example/m', key: 'A'.repeat(43) })).toString('base64url')}`

/** What of content is signed: a DIVOC document as its statements, in which one value under two names is one. */
function asSigned(content: unknown): unknown {
  const { context, ...document } = Object(content)
  return (context === undefined ? undefined : knownQuads({ '@context': context, ...document })) ?? content
}

interface Mutant {
  name: string
  format: string
  verify(): ReturnType<typeof verifyCredential>
  saysWhatWasSigned(content: unknown): boolean
}

async function judge(report: MutationReport, { name, format, verify, saysWhatWasSigned }: Mutant): Promise<void> {
  report.mutants++
  const start = performance.now()
  try {
    const { status, content } = await verify()
    report.statuses.set(status, (report.statuses.get(status) ?? 0) + 1)
    if (status === 'VERIFIED' && !saysWhatWasSigned(content)) report.faults.push(`${name}: says what nobody signed`)
  } catch (error) {
    report.faults.push(`${name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
  }
  const milliseconds = performance.now() - start
  if (milliseconds > report.slowest.milliseconds) report.slowest = { milliseconds, format }
}

const formatOf = (text: string) => credentialFormats.find(({ recognises }) => recognises([text]))?.name

/** A layer that is opened and closed again around a change. */
interface Layer {
  open(outer: Buffer): Buffer
  close(inner: Buffer): Buffer
}

const latin1 = (text: string) => Buffer.from(text, 'latin1')

const layers: Record<string, Layer[]> = {
  'HC1:': [
    {
      open: (text) => Buffer.from(decodeBase45(text.toString('latin1'), 4) ?? []),
      close: (bytes) => latin1(`HC1:${encodeBase45(bytes)}`),
    },
    { open: (bytes) => inflateSync(bytes), close: (bytes) => deflateSync(bytes) },
  ],
  'shc:/': [
    {
      open: (text) =>
        Buffer.from((text.toString('latin1').slice(5).match(/\d\d/g) ?? []).map((pair) => Number(pair) + 45)),
      close: (bytes) => latin1(`shc:/${[...bytes].map((byte) => String(byte - 45).padStart(2, '0')).join('')}`),
    },
    part(1),
    { open: (bytes) => inflateRawSync(bytes), close: (bytes) => deflateRawSync(bytes) },
  ],
  'shlink:/': [base64After('shlink:/', 'base64url')],
  'vhlink:/': [base64After('vhlink:/', 'base64url')],
  'B64:': [base64After('B64:', 'base64'), archive()],
}

function base64After(prefix: string, encoding: 'base64' | 'base64url'): Layer {
  return {
    open: (text) => Buffer.from(text.toString('latin1').slice(prefix.length), encoding),
    close: (bytes) => latin1(prefix + bytes.toString(encoding)),
  }
}

/** The file in the archive of a DIVOC certificate, with size and CRC as they should be. */
function archive(): Layer {
  return {
    open: (zip) => {
      const file = readOneFileZip(zip, 'certificate.json', zip.length * 100)
      return file instanceof Uint8Array ? Buffer.from(file) : zip
    },
    close: (file) => Buffer.from(divocText(file).slice('B64:'.length), 'base64'),
  }
}

/** One part of a compact JWS. */
function part(index: number): Layer {
  let parts: string[] = []
  return {
    open: (jws) => {
      parts = jws.toString('latin1').split('.')
      return Buffer.from(parts[index] ?? '', 'base64url')
    },
    close: (bytes) => latin1(parts.with(index, bytes.toString('base64url')).join('.')),
  }
}

function mutate(text: string, other: string, random: Random): string {
  const known = Object.entries(layers).find(([prefix]) => text.startsWith(prefix))?.[1] ?? []
  const depth = random.below(known.length + 1)
  const opened = known.slice(0, depth)
  let bytes: Buffer = latin1(text)
  let donor: Buffer = latin1(other)
  for (const { open } of opened) donor = open(donor)
  for (const { open } of opened) bytes = open(bytes)
  const changes = 1 + random.below(3)
  for (let i = 0; i < changes; i++) bytes = changeBytes(bytes, donor, random)
  for (const { close } of opened.toReversed()) bytes = close(bytes)
  return bytes.toString('latin1')
}

/** One change: a bit, a byte, a piece gone, twice, from another credential, or a length that lies. */
function changeBytes(bytes: Buffer, donor: Buffer, random: Random): Buffer {
  const at = random.below(bytes.length + 1)
  const length = 1 + random.below(random.below(2) === 0 ? 4 : 200)
  const [before, rest] = [bytes.subarray(0, at), bytes.subarray(at)]
  const from = random.below(donor.length + 1)
  switch (random.below(6)) {
    case 0:
      return Buffer.concat([before, Buffer.from([(rest[0] ?? 0) ^ (1 << random.below(8))]), rest.subarray(1)])
    case 1:
      return Buffer.concat([before, Buffer.from([random.below(256)]), rest.subarray(1)])
    case 2:
      return Buffer.concat([before, rest.subarray(length)])
    case 3:
      return Buffer.concat([before, rest.subarray(0, length), rest])
    case 4:
      return Buffer.concat([before, donor.subarray(from, from + length), rest.subarray(length)])
    default:
      return Buffer.from(before)
  }
}
