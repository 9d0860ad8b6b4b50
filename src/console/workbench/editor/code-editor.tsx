/**
 * An editor for code. It lives in a shadow root: its styles are sheets of that root, for the page's policy lets nobody write styles into
 * the page. Tab indents; Escape and then Tab leaves it.
 */
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands'
import { json } from '@codemirror/lang-json'
import { bracketMatching, HighlightStyle, indentUnit, StreamLanguage, syntaxHighlighting } from '@codemirror/language'
import { type Diagnostic, lintGutter, lintKeymap, setDiagnostics } from '@codemirror/lint'
import { highlightSelectionMatches, search, searchKeymap } from '@codemirror/search'
import { EditorState, type Extension } from '@codemirror/state'
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  highlightSpecialChars,
  keymap,
  lineNumbers,
} from '@codemirror/view'
import { tags } from '@lezer/highlight'
import { useEffect, useId, useRef } from 'preact/hooks'
import { codeRefusedAt } from '../../app/refused-code.ts'
import { texts } from '../../languages/languages.ts'
import { CodeRefused } from '../../parts/code-refused.tsx'
import { type Problem, spanOf } from '../document/problems.ts'
import { cqlTokens } from './cql-language.ts'
import { eclTokens } from './ecl-language.ts'
import { fmlTokens } from './fml-language.ts'
import { refusingCodes } from './refusing-codes.ts'

/** A place that the editor is to show; a new object shows it again. */
export interface Shown {
  line: number
  column: number
}

interface CodeEditorProps {
  language: 'cql' | 'fml' | 'json' | 'ecl'
  /** What it begins with, and shows anew in another edition; what is typed meanwhile is not overwritten by an older rendering. */
  text: string
  edition?: number | undefined
  /** Read to those who cannot see it. */
  label: string
  /** Id of the element that tells how it is left. */
  describedBy?: string
  /** What is marked in the text: nothing while it is not known how it stands. */
  problems: readonly Problem[]
  shown?: Shown | undefined
  isReadOnly?: boolean
  onChange(text: string): void
}

/** The editor. */
export function CodeEditor(props: CodeEditorProps) {
  const { language, text, edition, label, describedBy, problems, shown, isReadOnly = false } = props
  const host = useRef<HTMLDivElement>(null)
  const view = useRef<EditorView | undefined>(undefined)
  const changed = useRef(props.onChange)
  changed.current = props.onChange
  const { phrases } = texts().workbench
  const id = useId()
  useEffect(() => {
    const element = host.current
    if (!element) return undefined
    const root = element.shadowRoot ?? element.attachShadow({ mode: 'open' })
    const made = new EditorView({
      root,
      parent: root,
      state: EditorState.create({
        doc: text,
        extensions: [
          extensionsFor(language),
          refusingCodes((isRefused) => {
            if (isRefused) codeRefusedAt.value = id
            else if (codeRefusedAt.value === id) codeRefusedAt.value = undefined
          }),
          EditorState.phrases.of(phrasesOf(phrases)),
          EditorState.readOnly.of(isReadOnly),
          EditorView.contentAttributes.of({
            'aria-label': label,
            spellcheck: 'false',
            tabindex: '0',
            ...(describedBy && { 'aria-description': document.getElementById(describedBy)?.textContent ?? '' }),
          }),
          EditorView.updateListener.of(({ docChanged, state }) => {
            if (docChanged) changed.current(state.doc.toString())
          }),
        ],
      }),
    })
    view.current = made
    return () => {
      view.current = undefined
      made.destroy()
      root.replaceChildren()
    }
    // In another language the editor is made anew: its words are fixed when it is made.
  }, [language, label, phrases, isReadOnly])
  useEffect(() => {
    const { current } = view
    if (!current || current.state.doc.toString() === text) return
    current.dispatch({ changes: changeTo(current.state.doc.toString(), text) })
  }, [edition])
  useEffect(() => {
    const { current } = view
    if (current)
      current.dispatch(
        setDiagnostics(
          current.state,
          problems.flatMap((each) => diagnosticsOf(each, current)),
        ),
      )
  }, [problems, language, label, phrases])
  useEffect(() => {
    const { current } = view
    if (!current || !shown) return
    const { from } = spanOf(current.state.doc.toString(), shown)
    current.dispatch({ selection: { anchor: from }, effects: EditorView.scrollIntoView(from, { y: 'center' }) })
    current.focus()
  }, [shown])
  return (
    <>
      <CodeRefused at={id} />
      <div class="code-editor" dir="ltr" ref={host} />
    </>
  )
}

/** The smallest single change from one text to another: the cursor stays where it was. */
function changeTo(before: string, after: string): { from: number; to: number; insert: string } {
  let from = 0
  while (from < before.length && from < after.length && before[from] === after[from]) from++
  let [to, end] = [before.length, after.length]
  while (to > from && end > from && before[to - 1] === after[end - 1]) {
    to--
    end--
  }
  return { from, to, insert: after.slice(from, end) }
}

function diagnosticsOf({ place, severity, text }: Problem, { state }: EditorView): Diagnostic[] {
  if (!place) return []
  return [{ ...spanOf(state.doc.toString(), place), severity, message: text }]
}

type Phrases = ReturnType<typeof texts>['workbench']['phrases']

const phrasesOf = (phrases: Phrases): Record<string, string> => ({
  Find: phrases.find,
  Replace: phrases.replaceWith,
  next: phrases.next,
  previous: phrases.previous,
  all: phrases.all,
  'match case': phrases.matchCase,
  regexp: phrases.regexp,
  'by word': phrases.byWord,
  replace: phrases.replace,
  'replace all': phrases.replaceAll,
  close: phrases.close,
  'Go to line': phrases.goToLine,
  go: phrases.go,
  'No diagnostics': phrases.noProblems,
  Diagnostics: phrases.problems,
})

const languages = {
  cql: () => StreamLanguage.define(cqlTokens),
  fml: () => StreamLanguage.define(fmlTokens),
  ecl: () => StreamLanguage.define(eclTokens),
  json,
}

const extensionsFor = (language: CodeEditorProps['language']): Extension => [
  lineNumbers(),
  lintGutter(),
  highlightSpecialChars(),
  history(),
  drawSelection(),
  bracketMatching(),
  highlightActiveLine(),
  highlightActiveLineGutter(),
  highlightSelectionMatches(),
  search({ top: true }),
  indentUnit.of('  '),
  EditorState.tabSize.of(2),
  EditorView.perLineTextDirection.of(true),
  keymap.of([...defaultKeymap, ...searchKeymap, ...historyKeymap, ...lintKeymap, indentWithTab]),
  languages[language](),
  syntaxHighlighting(colours),
  look,
]

const colours = HighlightStyle.define([
  { tag: [tags.keyword, tags.operatorKeyword], color: 'var(--accent)', fontWeight: '600' },
  { tag: [tags.string, tags.literal], color: 'var(--good)' },
  { tag: [tags.number, tags.bool, tags.null], color: 'var(--open)' },
  { tag: [tags.lineComment, tags.blockComment], color: 'var(--muted)', fontStyle: 'italic' },
  { tag: [tags.typeName, tags.meta], color: 'var(--forged)' },
  { tag: tags.definition(tags.variableName), fontWeight: '600' },
  { tag: tags.propertyName, color: 'var(--text)' },
  { tag: tags.invalid, color: 'var(--bad)' },
])

const look = EditorView.theme({
  '&': { color: 'var(--text)', backgroundColor: 'var(--surface)', height: '100%', fontSize: '0.92rem' },
  '&.cm-focused': { outline: '3px solid var(--accent)', outlineOffset: '-3px' },
  '.cm-scroller': { fontFamily: 'var(--mono)', lineHeight: '1.55', overflow: 'auto' },
  '.cm-content': { caretColor: 'var(--text)', paddingBlock: '0.5rem' },
  '.cm-cursor, .cm-dropCursor': { borderLeftColor: 'var(--text)', borderLeftWidth: '2px' },
  '.cm-gutters': { backgroundColor: 'var(--raised)', color: 'var(--muted)', border: 'none' },
  '.cm-activeLine': { backgroundColor: 'color-mix(in srgb, var(--accent-soft) 45%, transparent)' },
  '.cm-activeLineGutter': { backgroundColor: 'var(--accent-soft)', color: 'var(--text)' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': {
    backgroundColor: 'color-mix(in srgb, var(--accent) 28%, transparent)',
  },
  '.cm-selectionMatch': { backgroundColor: 'var(--open-soft)' },
  '&.cm-focused .cm-matchingBracket': { backgroundColor: 'var(--accent-soft)', outline: '1px solid var(--accent)' },
  '.cm-searchMatch': { backgroundColor: 'var(--open-soft)', outline: '1px solid var(--open)' },
  '.cm-panels': { backgroundColor: 'var(--raised)', color: 'var(--text)' },
  '.cm-panels.cm-panels-top': { borderBottom: '1px solid var(--line)' },
  '.cm-textfield': { backgroundColor: 'var(--surface)', color: 'var(--text)', border: '1px solid var(--line-strong)' },
  '.cm-button': {
    backgroundImage: 'none',
    backgroundColor: 'var(--surface)',
    color: 'var(--text)',
    border: '1px solid var(--line-strong)',
    minHeight: '1.75rem',
  },
  '.cm-panel button[name=close]': { minWidth: '1.75rem', minHeight: '1.75rem', color: 'var(--text)' },
  '.cm-tooltip': { backgroundColor: 'var(--surface)', color: 'var(--text)', border: '1px solid var(--line-strong)' },
  '.cm-diagnostic': { padding: '0.4rem 0.6rem', maxWidth: '32rem', whiteSpace: 'pre-wrap' },
  '.cm-diagnostic-error': { borderLeft: '5px solid var(--bad)' },
  '.cm-diagnostic-warning': { borderLeft: '5px solid var(--open)' },
  '.cm-lintRange-error': {
    backgroundImage: 'none',
    textDecoration: 'underline wavy',
    textDecorationColor: 'var(--bad)',
  },
  '.cm-lintRange-warning': {
    backgroundImage: 'none',
    textDecoration: 'underline wavy',
    textDecorationColor: 'var(--open)',
  },
})
