import type { Explanation } from '../credentials/explain.ts'
import type { Layer } from '../credentials/layer.ts'
import { table } from './table.ts'
import { oneLine, terminalText } from './terminal-text.ts'

/** The layers of a credential for a person at a terminal; what is about a person only when it is asked for. */
export function printedLayers({ family, layers, failure }: Explanation, showContent: boolean): string {
  const rows = layers.map(({ name, depth, offset, length, unit, facts, fault }) => [
    `${'  '.repeat(depth)}${name}`,
    `at ${offset}`,
    `${length} ${unit}`,
    oneLine(fault ? `✗ from ${fault.offset} on: ${fault.text}` : facts.join(', ')),
  ])
  const lines = [`Layers (${family ?? 'no supported format begins like this'}); nothing of them is verified`]
  if (rows.length > 0) lines.push(table([['LAYER', 'PLACE', 'LENGTH', 'WHAT'], ...rows]))
  if (failure) lines.push(`Not decoded: ${failure.check}: ${failure.detail}`)
  if (showContent) lines.push(...layers.flatMap(contentLines))
  return lines.join('\n')
}

const contentLines = ({ name, content }: Layer): string[] =>
  content === undefined ? [] : ['', `${name}:`, terminalText(JSON.stringify(content, null, 2))]

/** The same for programs. */
export function layersAsJson({ layers, ...rest }: Explanation, showContent: boolean): object {
  const shown = layers.map(({ content, ...layer }) =>
    showContent && content !== undefined ? { ...layer, content } : layer,
  )
  return { ...rest, layers: shown }
}
