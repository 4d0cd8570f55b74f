/* All words of the pages but the live wall's, which has its own folder. */
import problem from '@/locales/zh-CN/problem'
import shell from '@/locales/zh-CN/shell'

export default { ...problem, ...shell }
