import { describe, expect, it } from 'vitest'
import { readAnswer, readAnswers } from './append.js'

describe('what the server answers to an append', () => {
  it.each([
    ['(0,5,123)', ['0', '5', '123']],
    ['(1,5,)', ['1', '5', '']],
    ['(4,,)', ['4', '', '']],
  ])('%s is read', (text, answer) => {
    expect(readAnswer([[text]])).toEqual(answer)
  })
  it.each([undefined, null, '', '()', '(0)', '(,,)', '(0,,7)', '(6,1,7)', '(0,1,2,3)', '(0,x,7)', '(0,1,y)'])('%s is not', (text) => {
    expect(() => readAnswer(text === undefined ? [] : [[text]])).toThrow(/cannot be read/u)
  })

  it('several, one or more', () => {
    expect(readAnswers([['("{0,4}","{3,NULL}","{9,NULL}")']], ['a', 'b'])).toEqual([
      ['a', ['0', '3', '9']],
      ['b', ['4', 'NULL', 'NULL']],
    ])
    expect(readAnswers([['({0},{3},{9})']], ['a'])).toEqual([['a', ['0', '3', '9']]])
  })
  it.each([
    undefined,
    null,
    '',
    '(0,1,2)',
    '({0},{1})',
    '({0,0},{1},{2})',
    '("{0,0}","{1,2}","{3}")',
    '({},{},{})',
    '({0},{NULL},{2})',
    '(0,1,1,7)',
  ])('%s is not an answer of one', (text) => {
    expect(() => readAnswers(text === undefined ? [] : [[text]], ['a'])).toThrow(/cannot be read/u)
  })
})
