/** The main job as a verifier meets it: a server on a port, ten connections, each certificate another; against what cannot be saved. */
import type { CborInput } from '../../src/demo/cbor-encode.ts'
import { demoCountry, demoIssuer } from '../../src/demo/demo-issuer.ts'
import { hcertClaims, issueHcert } from '../../src/demo/issue-hcert.ts'
import { startServerProcess } from '../../test/support/server-process.ts'
import { es256 } from './harness/baselines.ts'
import { type Cost, costFrom, type Effort, foundBaseline } from './harness/measure.ts'
import { requestsToWarm } from './http-costs.ts'
import { ask, cpuMicroseconds, startSupport } from './processes.ts'
import type { Load, Loaded } from './raw-load.ts'

const dayMilliseconds = 86_400_000

/** What a request costs in its server, of all threads, beside two things that cannot be saved. */
export interface WholeEvaluate {
  /** Beside one bare verification of ES256. */
  besideVerification: Cost
  /** Beside one reply of the same size by bare Express. */
  besideExpress: Cost
  /** Requests per second of the clock. */
  perSecond: number
  replyBytes: number
}

/**
 * Measures `vidimus serve` as it comes out of the box, in a process of its own.
 * @param dataDir of the server; its demonstration issuer signs the certificates
 * @throws Error when a certificate is not accepted
 */
export async function measureWholeEvaluate(dataDir: string, { isQuick, rounds }: Effort): Promise<WholeEvaluate> {
  const requests = isQuick ? 100 : 400
  const server = await startServerProcess({ DATA_DIR: dataDir })
  const express = startSupport('http-server.ts', 'express')
  const load = startSupport('raw-load.ts', '10')
  try {
    await server.ready()
    const address = `${server.url}/fhir/$evaluate`
    const issue = certificates(dataDir)
    const sample = await (await fetch(address, { method: 'POST', body: issue(), headers: fhirJson })).text()
    const { url } = await ask<{ url: string }>(express, { start: [JSON.parse(sample)] })
    const bare = bareVerification(requests)
    const wanted = '"accepted"'
    const all = (text: string) => new Array<string>(requests).fill(text)
    const evaluate = (bodies: string[]) => cpuOf(server.process.pid, load, { addresses: all(address), bodies, wanted })
    const reply = () => cpuOf(express.pid, load, { addresses: all(`${url}/0`), wanted })
    // Issuing takes as long as judging: while the server gets warm the same certificates come again, which it does not keep.
    const known = Array.from({ length: 10 }, () => Array.from({ length: requests }, issue))
    for (let done = 0; done < requestsToWarm; done += requests) {
      await evaluate(known[(done / requests) % known.length] ?? [])
      await reply()
      bare()
    }
    const found: { request: number; verification: number; express: number; perSecond: number }[] = []
    for (let round = 0; round < rounds; round++) {
      const { perSecond, cpu: request } = await evaluate(Array.from({ length: requests }, issue))
      found.push({ request, perSecond, verification: bare(), express: (await reply()).cpu })
    }
    const of = (name: keyof (typeof found)[number]) => found.map((each) => each[name])
    foundBaseline(es256.name, of('verification'))
    foundBaseline('bare Express', of('express'))
    return {
      besideVerification: costFrom(of('request'), of('verification'), es256.name),
      besideExpress: costFrom(of('request'), of('express'), 'bare Express'),
      perSecond: of('perSecond').toSorted((a, b) => a - b)[rounds >> 1] ?? 0,
      replyBytes: Buffer.byteLength(sample),
    }
  } finally {
    express.send({ end: true })
    load.kill()
    await server.stop()
  }
}

const fhirJson = { 'Content-Type': 'application/fhir+json' }

/** Microseconds that a process used for each of the requests, and how many it answered in a second. */
async function cpuOf(pid: number | undefined, load: ReturnType<typeof startSupport>, requests: Load) {
  if (pid === undefined) throw new Error('a process of the benchmark did not start')
  const before = cpuMicroseconds(pid)
  const { seconds } = await ask<Loaded>(load, requests)
  const count = requests.addresses.length
  return { cpu: (cpuMicroseconds(pid) - before) / count, perSecond: count / seconds }
}

/** Verifies as many signatures as a round has requests; microseconds of CPU for each. */
function bareVerification(requests: number): () => number {
  const verify = es256.make()
  return () => {
    const before = process.cpuUsage()
    for (let i = 0; i < requests; i++) verify()
    const { user, system } = process.cpuUsage(before)
    return (user + system) / requests
  }
}

/** Issues EU DCCs of vaccinations: persons, days, products and numbers all differ. @param dose of two; rules reject the first */
export function certificates(dataDir: string, dose = 2): () => string {
  const now = new Date()
  const issuer = demoIssuer(dataDir, now)
  const signer = { privateKey: issuer.privateKey, keyId: issuer.keyId, algorithm: 'ES256' as const }
  let count = 0
  return () => {
    count += 1
    const text = issueHcert(vaccination(count, now, dose), signer)
    return JSON.stringify({ resourceType: 'Parameters', parameter: [{ name: 'credential', valueString: text }] })
  }
}

const products = [
  { mp: 'EU/1/20/1528', ma: 'ORG-100030215', vp: '1119349007' },
  { mp: 'EU/1/20/1507', ma: 'ORG-100031184', vp: '1119349007' },
]

/** A vaccination of a person of that number. */
function vaccination(count: number, now: Date, dose: number): CborInput {
  const day = (before: number) => new Date(now.getTime() - before * dayMilliseconds)
  const date = (before: number) => day(before).toISOString().slice(0, 10)
  const name = count.toString(26).replace(/[0-9]/g, (digit) => 'qrstuvwxyz'[Number(digit)] ?? '')
  const event = {
    ...products[count % products.length],
    tg: '840539006',
    dn: dose,
    sd: 2,
    dt: date(20 + (count % 60)),
    co: demoCountry,
    is: 'Ministry of Health (specimen)',
    ci: `URN:UVCI:01:${demoCountry}:${count.toString(36).toUpperCase().padStart(10, 'S')}`,
  }
  const names = {
    fn: `Specimen ${name}`,
    fnt: `SPECIMEN<${name.toUpperCase()}`,
    gn: `Ada ${name}`,
    gnt: `ADA<${name.toUpperCase()}`,
  }
  return hcertClaims({
    issuer: demoCountry,
    issuedAt: Math.floor(day(10).getTime() / 1000) - count,
    expires: Math.floor(day(-90).getTime() / 1000),
    certificate: [1, { ver: '1.3.0', nam: names, dob: date(8_000 + (count % 20_000)), v: [event] }],
  })
}
