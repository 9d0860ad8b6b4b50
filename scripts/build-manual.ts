/** The pages of docs/ as the console shows them: a tree of elements for each page, as JSON, of a closed set of kinds. */

import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** A page that was built. */
interface ManualPage {
  /** `operator`; also the last part of its address in the console. */
  name: string
  title: string
  /** Of its JSON. */
  address: string
}

/** What people read first; the others follow by name. */
const first = [
  'console',
  'verifier',
  'rule-author',
  'rule-tests',
  'map-author',
  'publishing',
  'operator',
  'monitoring',
  'network',
  'trust',
]

const place = (file: string) => first.indexOf(file.slice(0, -3)) + 1 || first.length + 1

/** Writes a JSON file for each page into `target`. Where the parsers are absent there are none. */
export async function buildManual(docs: string, target: string, publicPath: string): Promise<ManualPage[]> {
  const { fromMarkdown } = await import('mdast-util-from-markdown')
  const { gfmFromMarkdown } = await import('mdast-util-gfm')
  const { gfm } = await import('micromark-extension-gfm')
  return readdirSync(docs)
    .filter((file) => file.endsWith('.md'))
    .sort((a, b) => place(a) - place(b) || (a < b ? -1 : 1))
    .map((file) => {
      const name = file.slice(0, -3)
      const tree = fromMarkdown(readFileSync(join(docs, file)), {
        extensions: [gfm()],
        mdastExtensions: [gfmFromMarkdown()],
      })
      const text = JSON.stringify(tree, (key, value) => (key === 'position' ? undefined : value))
      const built = `manual-${name}-${createHash('sha256').update(text).digest('hex').slice(0, 8)}.json`
      writeFileSync(join(target, built), text)
      const [, title = name] = /^#\s+(.+)$/m.exec(readFileSync(join(docs, file), 'utf8')) ?? []
      return { name, title: title.replaceAll('`', ''), address: `${publicPath}/${built}` }
    })
}
