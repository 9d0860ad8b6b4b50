/** Links of the pages of docs/: each that leads to a page leads to one that is there, and to a heading that it has. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { slugOf, targetOf } from '../../src/console/manual/addresses.ts'

const docs = join(import.meta.dirname, '../../docs')
const names = readdirSync(docs)
  .filter((file) => file.endsWith('.md'))
  .map((file) => file.slice(0, -3))

const textOf = (name: string) => readFileSync(join(docs, `${name}.md`), 'utf8').replace(/^```[\s\S]*?^```/gm, '')
const headings = (name: string) =>
  [...textOf(name).matchAll(/^#{1,6}\s+(.+)$/gm)].map(([, heading = '']) =>
    slugOf(heading.replaceAll('`', '').replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')),
  )

describe('links of the manual', () => {
  for (const name of names)
    it(`${name} leads to places that are there`, () => {
      for (const [, link = ''] of textOf(name).matchAll(/\]\(([^)\s]+)\)/g)) {
        const target = targetOf(link, names)
        if (target.kind === 'file' || target.kind === 'site') continue
        const [page = '', place] = target.address.replace('/manual/', '').split('#')
        if (place) assert.ok(headings(page || name).includes(decodeURIComponent(place)), `${name}: ${link}`)
      }
    })

  const cases: [link: string, kind: string, address?: string][] = [
    ['operator.md', 'page', '/manual/operator'],
    ['operator.md#several-cores', 'page', '/manual/operator#several-cores'],
    ['#here', 'place', '#here'],
    ['https://example.org/a.md', 'site', 'https://example.org/a.md'],
    ['../README.md#configuration', 'file'],
    ['none.md', 'file'],
    ['../src/main.ts', 'file'],
    ['javascript:alert(1)', 'file'],
    ['data:text/html,x', 'file'],
    ['//example.org/operator.md', 'file'],
  ]
  for (const [link, kind, address] of cases)
    it(`${link} is a ${kind}`, () => {
      const found = targetOf(link, names)
      assert.equal(found.kind, kind)
      assert.equal('address' in found ? found.address : undefined, address)
    })
})
