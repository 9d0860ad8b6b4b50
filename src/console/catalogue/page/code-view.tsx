/** A text of a language with the numbers of its lines, of any length: long ones are drawn where they are looked at. */
import { useEffect, useMemo, useRef } from 'preact/hooks'
import { language } from '../../app/session.ts'
import { counted } from '../../languages/fill.ts'
import { texts } from '../../languages/languages.ts'
import { VirtualList } from '../../parts/virtual-list.tsx'
import { type CodeLanguage, linesInComment, tokens } from './highlight.ts'
import { ScrollBox } from './scroll-box.tsx'

interface CodeViewProps {
  text: string
  language: CodeLanguage
  label: string
  /** Number of a line, counted from one, that is to be in sight and marked. */
  marked?: number | undefined
}

/** Longer texts are cut: a browser has a person before it. */
const mostCharacters = 2_000_000
const mostPerLine = 4_000
/** From so many lines on only those in sight are in the page. */
const mostLines = 600
const lineHeight = 24

/** The text. */
export function CodeView({ text, language: code, label, marked }: CodeViewProps) {
  const shown = text.slice(0, mostCharacters)
  const lines = useMemo(() => shown.split(/\r?\n/), [shown])
  const commented = useMemo(() => linesInComment(lines, code), [lines, code])
  const line = (index: number) => (
    <Line
      text={lines[index] ?? ''}
      code={code}
      number={index + 1}
      isIn={commented.has(index)}
      isMarked={marked === index + 1}
    />
  )
  const { code: words } = texts().catalogue
  return (
    <>
      {lines.length > mostLines ? (
        <div class="code code-long">
          <VirtualList
            count={lines.length}
            rowHeight={lineHeight}
            label={label}
            row={line}
            {...(marked !== undefined && { shown: marked - 1 })}
          />
        </div>
      ) : (
        <Short lines={lines} label={label} line={line} marked={marked} />
      )}
      <p class="hint">
        {counted(words.lines, lines.length, language.value)} {shown.length < text.length && words.cut}
      </p>
    </>
  )
}

interface ShortProps {
  lines: string[]
  label: string
  line: (index: number) => preact.JSX.Element
  marked: number | undefined
}

function Short({ lines, label, line, marked }: ShortProps) {
  const box = useRef<HTMLPreElement>(null)
  useEffect(() => {
    if (marked !== undefined) box.current?.querySelector('.marked')?.scrollIntoView({ block: 'center' })
  }, [marked])
  return (
    <ScrollBox label={label} kind="code-box">
      <pre class="code" ref={box}>
        {lines.map((_, index) => line(index))}
      </pre>
    </ScrollBox>
  )
}

interface LineProps {
  text: string
  code: CodeLanguage
  number: number
  isIn: boolean
  isMarked: boolean
}

function Line({ text, code, number, isIn, isMarked }: LineProps) {
  const shown = text.slice(0, mostPerLine)
  return (
    <span class={isMarked ? 'line marked' : 'line'} {...(isMarked && { 'aria-current': 'true' as const })}>
      <span class="number" aria-hidden="true">
        {number}
      </span>
      <span class="line-text" dir="ltr">
        {tokens(shown, code, isIn).map((each) =>
          each.kind === 'plain' ? each.text : <span class={`code-${each.kind}`}>{each.text}</span>,
        )}
        {shown.length < text.length && '…'}
        {'\n'}
      </span>
    </span>
  )
}
