/** The tree: what is in sight is drawn and loaded, keys walk through it, the focus stays with it. */
import { useEffect, useId, useMemo, useRef, useState } from 'preact/hooks'
import type { Fault } from '../../api/client.ts'
import { changeQuery, place } from '../../app/router.ts'
import { language } from '../../app/session.ts'
import { counted, fill } from '../../languages/fill.ts'
import { texts } from '../../languages/languages.ts'
import { FaultNotice } from '../../parts/fault.tsx'
import { Icon } from '../../parts/icon.tsx'
import { VirtualList } from '../../parts/virtual-list.tsx'
import { askPage, type Portion, type SystemAsked } from './questions.ts'
import {
  fillPage,
  indexOf,
  type Level,
  mayOpen,
  missingPages,
  moveOf,
  newLevel,
  pageSize,
  type Row,
  rowAt,
  rowCount,
  toggle,
  type WantedPage,
} from './tree-model.ts'

const rowHeight = 44
/** Somebody who drags the bar passes by more than he looks at. */
const settles = 60

interface TreeProps {
  system: SystemAsked
  /** Words that are searched; empty for the tree from its roots. */
  text: string
  title: string
}

/** What is loaded, and what of it went wrong. */
function useTree(system: SystemAsked, text: string) {
  const top = useMemo(() => newLevel(), [])
  const [, draw] = useState(0)
  const [fault, setFault] = useState<Fault>()
  const [isList, setList] = useState(false)
  const controller = useMemo(() => new AbortController(), [])
  const asked = useRef(new Map<Level, Set<number>>())
  useEffect(() => () => controller.abort(), [])
  const portionOf = ({ parent }: Level, asList: boolean): Portion => {
    if (parent !== undefined) return { kind: 'below', code: parent }
    if (text) return { kind: 'found', text }
    return asList ? { kind: 'all' } : { kind: 'roots' }
  }
  const load = async (wanted: WantedPage, asList = isList): Promise<void> => {
    const { level, offset } = wanted
    const offsets = asked.current.get(level) ?? new Set()
    if (offsets.has(offset)) return
    asked.current.set(level, offsets.add(offset))
    const page = { offset, count: pageSize }
    const reply = await askPage(system, portionOf(level, asList), page, controller.signal)
    offsets.delete(offset)
    if (controller.signal.aborted) return
    if (reply.fault) {
      // A system that knows no tree is listed: its grammar has no roots.
      if (level === top && !text && !asList && reply.fault.kind === 'refused') {
        setList(true)
        return load(wanted, true)
      }
      level.isFailed = true
      setFault(reply.fault)
    } else {
      fillPage(wanted, reply.value.members, reply.value.total)
      setFault(undefined)
    }
    draw((count) => count + 1)
  }
  return {
    top,
    fault,
    isList,
    load: (wanted: WantedPage[]) => {
      for (const each of wanted) void load(each)
    },
    redraw: () => draw((count) => count + 1),
  }
}

/** The tree. */
export function Tree({ system, text, title }: TreeProps) {
  const { tree } = texts().catalogue
  const { top, fault, isList, load, redraw } = useTree(system, text)
  const [current, setCurrent] = useState<{ level: Level; position: number }>({ level: top, position: 0 })
  const [shown, setShown] = useState<number>()
  const range = useRef<[number, number]>([0, 0])
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined)
  const id = useId()
  const count = rowCount(top)
  const at = Math.min(count - 1, indexOf(current.level, current.position))
  useEffect(() => {
    load([{ level: top, offset: 0 }])
    return () => clearTimeout(timer.current)
  }, [])
  const look = () => {
    clearTimeout(timer.current)
    timer.current = setTimeout(() => load(missingPages(top, ...range.current)), settles)
  }
  const move = (index: number) => {
    const row = rowAt(top, index)
    if (!row) return
    setCurrent({ level: row.level, position: row.position })
    setShown(index)
  }
  const turn = (row: Row) => {
    toggle(row)
    redraw()
    look()
  }
  const choose = ({ concept, level, position }: Row) => {
    setCurrent({ level, position })
    if (concept) changeQuery({ code: concept.code }, { replace: true })
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return
    const row = rowAt(top, at)
    if (row && (event.key === 'Enter' || event.key === ' ')) {
      choose(row)
      setShown(at)
    } else {
      const made = moveOf(event.key, at, top, document.documentElement.dir === 'rtl')
      if (!made) return
      if ('index' in made) move(made.index)
      else if (row) {
        turn(row)
        setShown(at)
      }
    }
    event.preventDefault()
  }
  if (fault && top.total === undefined)
    return (
      <div class="tree">
        <FaultNotice fault={fault} again={() => retry(top, load, redraw)} />
      </div>
    )
  if (top.total === 0) return <p class="tree">{tree.none}</p>
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the keys are those of the tree inside, which has the focus
    <div class="tree" onKeyDown={onKeyDown}>
      <p class="found" role="status">
        {top.total !== undefined && counted(text || isList ? tree.found : tree.roots, top.total, language.value)}{' '}
        {isList && tree.noHierarchy}
      </p>
      <VirtualList
        count={count}
        rowHeight={rowHeight}
        role="tree"
        label={fill(tree.label, { title })}
        current={`${id}-${at}`}
        {...(shown !== undefined && { shown })}
        onRange={(first, last) => {
          range.current = [first, last]
          // Somebody scrolled away: the next key brings the current row into sight again.
          if (shown !== undefined && (shown < first || shown > last)) setShown(undefined)
          look()
        }}
        row={(index) => (
          <TreeRow
            row={rowAt(top, index)}
            id={`${id}-${index}`}
            isCurrent={index === at}
            choose={choose}
            turn={turn}
            retry={(level) => retry(level, load, redraw)}
          />
        )}
      />
    </div>
  )
}

function retry(level: Level, load: (wanted: WantedPage[]) => void, redraw: () => void): void {
  level.isFailed = false
  redraw()
  const missing = missingPages(level, 0, 0)
  load(missing.length > 0 ? missing : [{ level, offset: 0 }])
}

interface TreeRowProps {
  row: Row | undefined
  id: string
  isCurrent: boolean
  choose: (row: Row) => void
  turn: (row: Row) => void
  retry: (level: Level) => void
}

function TreeRow({ row, id, isCurrent, choose, turn, retry: again }: TreeRowProps) {
  const { tree, valueSet } = texts().catalogue
  if (!row) return null
  const { level, position, concept, isOpen } = row
  const isSelected = concept !== undefined && place.value.query.get('code') === concept.code
  const canOpen = concept !== undefined && mayOpen(concept)
  const described = {
    id,
    'aria-level': level.depth + 1,
    'aria-posinset': position + 1,
    'aria-setsize': level.total ?? -1,
    'aria-selected': isSelected,
    ...(canOpen && { 'aria-expanded': isOpen }),
    ...(concept ? {} : { 'aria-busy': true }),
  }
  const names = [
    'tree-row',
    isCurrent && 'is-current',
    isSelected && 'is-selected',
    concept?.isInactive && 'is-inactive',
  ]
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the tree around has the keys
    // biome-ignore lint/a11y/useFocusableInteractive: the focus stays with the tree, which names its current item
    <div
      role="treeitem"
      {...described}
      class={names.filter(Boolean).join(' ')}
      style={{ paddingInlineStart: `${Math.min(level.depth, 12) * 1.25}rem` }}
      onClick={() => (level.isFailed && !concept ? again(level) : choose(row))}
    >
      <button
        type="button"
        class="quiet turn"
        tabIndex={-1}
        aria-hidden="true"
        disabled={!canOpen}
        onClick={(event) => {
          event.stopPropagation()
          choose(row)
          turn(row)
        }}
      >
        {canOpen && <Icon name="open" size={16} />}
      </button>
      {concept ? (
        <>
          <code>{concept.code.slice(0, 60)}</code> <bdi>{concept.display.slice(0, 300)}</bdi>
          {concept.isInactive && <span class="tag">{valueSet.inactive}</span>}
          {concept.isAbstract && <span class="tag">{valueSet.abstract}</span>}
          {concept.childCount !== undefined && concept.childCount > 0 && (
            <span class="hint">{counted(tree.below, concept.childCount, language.value)}</span>
          )}
        </>
      ) : (
        <span class="hint">{level.isFailed ? `${tree.failed} – ${texts().shell.retry}` : tree.waiting}</span>
      )}
    </div>
  )
}
