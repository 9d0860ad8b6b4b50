/** A list of any length of which only what is in sight is in the page. Rows have one height; arrow keys, Home and End walk through them. */
import type { ComponentChildren } from 'preact'
import { useLayoutEffect, useRef, useState } from 'preact/hooks'

interface VirtualListProps {
  count: number
  /** Height of a row in pixels. */
  rowHeight: number
  /** What the list is called. */
  label: string
  /** `list` or `tree`; with `tree`, `row` draws elements with the role treeitem itself. */
  role?: 'list' | 'tree'
  /** Draws the row of an index; called for what is in sight and a little beyond. */
  row: (index: number) => ComponentChildren
  /** Told which rows are in sight, e.g. to load them. */
  onRange?: (first: number, last: number) => void
  /** A row that is to be in sight. */
  shown?: number
  /** Id of the element in the current row: of a tree, whose focus stays with the list while keys walk through it. */
  current?: string | undefined
}

const beyond = 8
/** Browsers lose pixels in longer elements. */
const mostPixels = 8_000_000

/** The list; it fills the height that its class gives it. */
export function VirtualList({
  count,
  rowHeight,
  label,
  role = 'list',
  row,
  onRange,
  shown,
  current,
}: VirtualListProps) {
  const box = useRef<HTMLDivElement>(null)
  const [view, setView] = useState({ top: 0, height: 600 })
  const whole = count * rowHeight
  const drawn = Math.min(whole, mostPixels)
  // Beyond the longest element a pixel of the bar stands for several of the list.
  const scale = whole > drawn ? (whole - view.height) / (drawn - view.height) : 1
  const offset = view.top * scale
  const first = Math.max(0, Math.floor(offset / rowHeight) - beyond)
  const last = Math.min(count - 1, Math.ceil((offset + view.height) / rowHeight) + beyond)
  useLayoutEffect(() => {
    const element = box.current
    if (!element) return undefined
    const look = () => setView({ top: element.scrollTop, height: element.clientHeight })
    look()
    const observer = new ResizeObserver(look)
    observer.observe(element)
    element.addEventListener('scroll', look, { passive: true })
    return () => {
      observer.disconnect()
      element.removeEventListener('scroll', look)
    }
  }, [])
  useLayoutEffect(() => {
    if (last >= first) onRange?.(first, last)
  }, [first, last])
  useLayoutEffect(() => {
    const element = box.current
    if (!element || shown === undefined) return
    const at = shown * rowHeight
    if (at < offset || at + rowHeight > offset + view.height) element.scrollTop = (at - view.height / 3) / scale
  }, [shown])
  // What scrolls must be reached by keyboard (WCAG 2.1.1); a tree is what has the focus.
  const reached = {
    tabIndex: 0,
    'aria-label': label,
    ...(role === 'tree' ? { role, 'aria-activedescendant': current } : { role: 'region' as const }),
  }
  const rows = Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index)
  return (
    <div class="virtual" ref={box} {...reached}>
      <div
        style={{ height: `${drawn}px`, position: 'relative' }}
        {...(role === 'tree' ? { role: 'presentation' } : { role, 'aria-label': label })}
      >
        <div style={{ transform: `translateY(${view.top - offset + first * rowHeight}px)` }} role="presentation">
          {rows.map((index) => (
            <div
              key={index}
              style={{ height: `${rowHeight}px` }}
              role={role === 'list' ? 'listitem' : 'presentation'}
              {...(role === 'list' ? { 'aria-setsize': count, 'aria-posinset': index + 1 } : {})}
            >
              {row(index)}
            </div>
          ))}
        </div>
      </div>
    </div>
  )
}
