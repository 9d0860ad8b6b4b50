import type { ChildProcess } from 'node:child_process'
import type { CodeSystem, ConceptMap, Library, Resource, ValueSet } from '../src/fhir/types.ts'
import type { Measured } from './support/harness/figure.ts'
import { type Cost, type Effort, shareFigure } from './support/harness/measure.ts'
import { type Asked, addressed, httpCosts, telling, warmUp } from './support/http-costs.ts'
import { ask, startSupport } from './support/processes.ts'

const base = 'http://example.org/bench'
const codes = Array.from({ length: 30_000 }, (_, i) => `c${i}`)
const bareExpress = 'bare Express'
/** Different questions in a round that repeats them: what a verifier asks over and over. */
const repeated = 200

const codeAt = (i: number) => codes[i % codes.length]

/** What is asked, by its number, which stands in it; the vidimus server answers it from what stands in `artefacts`. */
const cases: { name: string; address(i: number): string }[] = [
  {
    name: 'ValueSet/$validate-code',
    address: (i) => `ValueSet/$validate-code?url=${base}/vs&system=${base}/codes&code=${codeAt(i)}&n=${i}`,
  },
  { name: 'CodeSystem/$lookup', address: (i) => `CodeSystem/$lookup?system=${base}/codes&code=${codeAt(i)}&n=${i}` },
  {
    name: 'ConceptMap/$translate',
    address: (i) => `ConceptMap/$translate?url=${base}/map&system=${base}/codes&code=${codeAt(i)}&n=${i}`,
  },
  {
    name: 'ValueSet/$expand, 100 codes',
    address: (i) => `ValueSet/$expand?url=${base}/vs&count=100&offset=${i % (codes.length - 100)}&n=${i}`,
  },
  { name: 'read of a ValueSet', address: (i) => `ValueSet/read-${i % repeated}` },
]

/** Documents beside FHIR; what stands behind them is made of `artefacts`, too. */
const documentPaths = ['/.well-known/jwks.json', '/rules/AT', '/countrylist']

const firstHash = async (list: string): Promise<string> => {
  const rules = (await (await fetch(list)).json()) as { hash: string }[]
  return rules[0]?.hash ?? ''
}

/**
 * CPU time per request of the server process over HTTP, against bare Express 5 `res.json` of an object of the same size in
 * the same run. A ratio above 1 is less CPU than Express.
 */
export async function bench(effort: Effort): Promise<Measured[]> {
  const vidimus = startSupport('http-server.ts', 'vidimus')
  const express = startSupport('http-server.ts', 'express')
  const load = startSupport('raw-load.ts', '16')
  try {
    const { url } = await ask<{ url: string }>(vidimus, { start: artefacts() })
    const samples = await Promise.all(
      cases.map(async ({ address }) => (await fetch(`${url}/${address(1)}`)).json() as Promise<unknown>),
    )
    const root = url.replace(/\/fhir$/, '')
    const documents = [...documentPaths, `/rules/AT/${await firstHash(`${root}/rules/AT`)}`]
    for (const path of documents) samples.push(await (await fetch(`${root}${path}`)).json())
    const { url: bareUrl } = await ask<{ url: string }>(express, { start: samples })
    const ours = (address: (i: number) => string): Asked => ({ used: telling(vidimus), load: addressed(address) })
    const bare = (index: number): Asked => ({ used: telling(express), load: addressed(() => `${bareUrl}/${index}`) })
    const beside = async (asked: Asked, index: number) => onlyCost(load, asked, { bare: bare(index), effort })
    await warmUp(load, [bare(0)])
    await warmUp(
      load,
      cases.map(({ address }) => ours((i) => `${url}/${address(i)}`)),
    )
    const figures: Measured[] = []
    for (const [index, { name, address }] of cases.entries()) {
      const bytes = Buffer.byteLength(JSON.stringify(samples[index]))
      const kinds: [string, (i: number) => string][] = [
        [`${repeated} questions over again`, (i) => `${url}/${address(i % repeated)}`],
      ]
      // Here Express has a prepared object and nothing to work out.
      if (index < 4) kinds.push(['every question new', (i) => `${url}/${address(i)}`])
      for (const [kind, addressOf] of kinds) {
        const cost = await beside(ours(addressOf), index)
        figures.push(shareFigure(`${name}, ${kind}`, cost, { target, detail: `${microseconds(cost)}, ${bytes} B` }))
      }
    }
    for (const [index, path] of documents.entries()) {
      const cost = await beside(
        ours(() => `${root}${path}`),
        cases.length + index,
      )
      figures.push(shareFigure(`${path.replace(/[0-9a-f]{64}/, '<hash>')} as bytes`, cost, { target }))
    }
    figures.push(await withAccessLog(load, bare(0), effort))
    return figures
  } finally {
    for (const each of [vidimus, express]) each.send({ end: true })
    load.kill()
  }
}

const target = { value: 1 }

const microseconds = (cost: Cost) => `${cost.microseconds.toFixed(0)} µs`

/** The same with the access log on, as a server comes out of the box; its lines go into a pipe. */
async function withAccessLog(load: ChildProcess, bare: Asked, effort: Effort): Promise<Measured> {
  const vidimus = startSupport('http-server.ts', 'vidimus', 'on')
  vidimus.stdout?.resume()
  try {
    const { url } = await ask<{ url: string }>(vidimus, { start: artefacts() })
    const asked = { used: telling(vidimus), load: addressed((i) => `${url}/${cases[0]?.address(i % repeated)}`) }
    await warmUp(load, [asked])
    const cost = await onlyCost(load, asked, { bare, effort })
    return shareFigure(`${cases[0]?.name}, with access log`, cost, { target })
  } finally {
    vidimus.send({ end: true })
  }
}

/** What one question costs beside the bare reply. */
async function onlyCost(
  load: ChildProcess,
  asked: Asked,
  { bare, effort }: { bare: Asked; effort: Effort },
): Promise<Cost> {
  const [cost] = await httpCosts(load, [asked], { asked: bare, name: bareExpress }, effort)
  if (!cost) throw new Error('unreachable: one question has one cost')
  return cost
}

function artefacts(): Resource[] {
  const system: CodeSystem = {
    resourceType: 'CodeSystem',
    id: 'codes',
    url: `${base}/codes`,
    version: '1.0.0',
    name: 'Bench',
    status: 'active',
    content: 'complete',
    caseSensitive: true,
    concept: codes.map((code) => ({ code, display: `Concept ${code}`, definition: `What ${code} stands for` })),
  }
  const set: ValueSet = {
    resourceType: 'ValueSet',
    id: 'vs',
    url: `${base}/vs`,
    version: '1.0.0',
    name: 'Bench',
    status: 'active',
    compose: { include: [{ system: `${base}/codes` }] },
  }
  const map: ConceptMap = {
    resourceType: 'ConceptMap',
    id: 'map',
    url: `${base}/map`,
    version: '1.0.0',
    status: 'active',
    group: [
      {
        source: `${base}/codes`,
        target: `${base}/targets`,
        element: codes.map((code) => ({ code, target: [{ code: `t-${code}`, equivalence: 'equivalent' }] })),
      },
    ],
  }
  const reads = Array.from(
    { length: repeated },
    (_, i): ValueSet => ({ ...set, id: `read-${i}`, url: `${base}/read-${i}`, title: `Value set ${i}` }),
  )
  const rules = Array.from({ length: 40 }, (_, i): Library => {
    const Identifier = `GR-AT-${String(i).padStart(4, '0')}`
    const Logic = { if: [{ var: 'payload.v.0' }, { '>=': [{ var: 'payload.v.0.dn' }, i] }, true] }
    const rule = { Identifier, Version: '1.0.0', Country: 'AT', Engine: 'CERTLOGIC', Logic }
    const data = Buffer.from(JSON.stringify(rule)).toString('base64')
    return {
      resourceType: 'Library',
      id: Identifier,
      url: `${base}/${Identifier}`,
      version: '1.0.0',
      status: 'active',
      type: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/library-type', code: 'logic-library' }] },
      content: [{ contentType: 'application/certlogic+json', data }],
    }
  })
  return [system, set, map, ...reads, ...rules]
}
