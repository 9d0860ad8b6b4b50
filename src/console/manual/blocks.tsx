/** A page of docs/ as elements: of a closed set of kinds, so that nothing in a page becomes anything else. */
import type { AlignType, Nodes, Root, TableCell, TableRow } from 'mdast'
import type { ComponentChildren } from 'preact'
import { CopyButton } from '../parts/copy-button.tsx'
import { slugOf, targetOf } from './addresses.ts'

/** The whole page. */
export function Page({ page }: { page: Root }) {
  return <article class="manual-page">{page.children.map(block)}</article>
}

function textOf(node: Nodes): string {
  if ('value' in node) return node.value
  return 'children' in node ? node.children.map(textOf).join('') : ''
}

const inside = (node: Nodes): ComponentChildren => ('children' in node ? node.children.map(block) : undefined)

const levels = ['h1', 'h2', 'h3', 'h4', 'h5', 'h6'] as const

/** One node; of a kind that is not known its text. */
function block(node: Nodes): ComponentChildren {
  switch (node.type) {
    case 'heading': {
      const Level = levels[node.depth - 1] ?? 'h6'
      return <Level id={slugOf(textOf(node))}>{inside(node)}</Level>
    }
    case 'paragraph':
      return <p>{inside(node)}</p>
    case 'list':
      return node.ordered ? <ol start={node.start ?? 1}>{inside(node)}</ol> : <ul>{inside(node)}</ul>
    case 'listItem':
      return <li>{inside(node)}</li>
    case 'blockquote':
      return <blockquote>{inside(node)}</blockquote>
    case 'thematicBreak':
      return <hr />
    case 'code':
      return <Code text={node.value} isCommand={node.lang === 'sh' || node.lang === 'console'} />
    case 'table':
      return <Rows rows={node.children} align={node.align ?? []} />
    case 'html':
      return null
    default:
      return inline(node)
  }
}

function inline(node: Nodes): ComponentChildren {
  switch (node.type) {
    case 'text':
      return node.value
    case 'inlineCode':
      return <code>{node.value}</code>
    case 'strong':
      return <strong>{inside(node)}</strong>
    case 'emphasis':
      return <em>{inside(node)}</em>
    case 'delete':
      return <del>{inside(node)}</del>
    case 'break':
      return <br />
    case 'link':
      return <Link to={node.url}>{inside(node)}</Link>
    default:
      return textOf(node)
  }
}

function Link({ to, children }: { to: string; children: ComponentChildren }) {
  const names = MANUAL_PAGES.map(({ name }) => name)
  const target = targetOf(to, names)
  if (target.kind === 'file') return <span class="manual-file">{children}</span>
  if (target.kind === 'site')
    return (
      <a href={target.address} target="_blank" rel="noreferrer noopener">
        {children}
      </a>
    )
  return <a href={target.address}>{children}</a>
}

function Code({ text, isCommand }: { text: string; isCommand: boolean }) {
  return (
    <div class="manual-code">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard (WCAG 2.1.1) */}
      <pre tabIndex={0}>
        <code>{text}</code>
      </pre>
      {isCommand && <CopyButton text={text} />}
    </div>
  )
}

function Rows({ rows, align }: { rows: TableRow[]; align: AlignType[] }) {
  const [head, ...body] = rows
  const cells = (row: TableRow, draw: (cell: TableCell, index: number) => ComponentChildren) => row.children.map(draw)
  const aligned = (index: number) => ({
    style: { textAlign: align[index] === 'right' ? ('end' as const) : ('start' as const) },
  })
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard (WCAG 2.1.1)
    <div class="scroll-x" tabIndex={0}>
      <table>
        <thead>
          <tr>
            {head &&
              cells(head, (cell, index) => (
                <th scope="col" {...aligned(index)}>
                  {inside(cell)}
                </th>
              ))}
          </tr>
        </thead>
        <tbody>
          {body.map((row) => (
            <tr>
              {cells(row, (cell, index) => (
                <td {...aligned(index)}>{inside(cell)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
