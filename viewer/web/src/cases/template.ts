/* An empty file of cases, for people to fill in; the headings are those of the server's export. */
import { saveText } from '@/table/csv'

const BOM = '\uFEFF'
const STAGES = ['立案', '调查取证', '审核', '决定', '送达', '执行']
const HEADINGS = [
  ...['案号', '案由', '领域', '程序', '单位', '执法人员', '当事人'],
  ...STAGES.flatMap((stage) => [`${stage}开始`, `${stage}结束`]),
  ...['外部系统', '外部编号', '备注'],
]

export const saveTemplate = (): void => saveText(`${BOM}${HEADINGS.join(',')}\r\n`, 'cases.csv', 'text/csv;charset=utf-8')
