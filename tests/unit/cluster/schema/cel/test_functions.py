"""Kubernetes' functions, and the strings extension."""

import pytest

from convoy.cluster.schema.cel.rules import RuleError, evaluate


@pytest.mark.parametrize(
    "expression",
    [
        "[1, 2, 2].isSorted() && !['b', 'a'].isSorted() && [].isSorted()",
        "[1, 2, 3].sum() == 6 && [1.5, 2.0].sum() == 3.5 && [].sum() == 0",
        "[duration('1s'), duration('2s')].sum() == duration('3s')",
        "[3, 1, 2].min() == 1 && ['a', 'c', 'b'].max() == 'c'",
        "[timestamp('2024-01-01T00:00:00Z')].max() == timestamp('2024-01-01T00:00:00Z')",
        "['a', 'b', 'b'].indexOf('b') == 1 && ['a', 'b', 'b'].lastIndexOf('b') == 2 && [1].indexOf(5) == -1",
        "[true].indexOf(1) == -1",
        "'abc 123'.find('[0-9]+') == '123' && 'abc'.find('[0-9]+') == ''",
        "'1,22,333'.findAll('[0-9]+') == ['1', '22', '333'] && '1,22'.findAll('[0-9]+', 1) == ['1']",
        "url('https://u@h.example:80/p/%20?a=1&a=2&b=').getHost() == 'h.example:80'",
        "url('https://[::1]:80/p').getHostname() == '::1' && url('https://[::1]:80/p').getPort() == '80'",
        "url('https://h/p').getPort() == '' && url('https://h/p').getScheme() == 'https'",
        "url('https://h/p%20?a=1&a=2&b=').getQuery() == {'a': ['1', '2'], 'b': ['']}",
        "url('https://h/p%20').getEscapedPath() == '/p%20' && url('/p') == url('/p')",
        "isURL('https://h') && !isURL('../p')",
        "isIP('10.0.0.1') && isIP('::1') && !isIP('10.0.0.0/8')",
        "!isIP('::ffff:10.0.0.1') && !isIP('fe80::1%a')",
        "ip('10.0.0.1').family() == 4 && ip('::1').family() == 6 && ip('::1').isLoopback()",
        "ip('::0:1') == ip('::1') && ip.isCanonical('::1') && !ip.isCanonical('::0:1')",
        "ip('0.0.0.0').isUnspecified() && ip('224.0.0.1').isLinkLocalMulticast()",
        "ip('169.254.1.1').isLinkLocalUnicast() && ip('10.1.1.1').isGlobalUnicast()",
        "isCIDR('10.0.0.0/8') && !isCIDR('10.0.0.0')",
        "cidr('10.1.0.0/8').containsIP('10.2.3.4') && cidr('10.0.0.0/8').containsIP(ip('10.2.3.4'))",
        "!cidr('10.0.0.0/8').containsIP('::1') && cidr('10.0.0.0/8').containsCIDR('10.1.0.0/16')",
        "!cidr('10.0.0.0/16').containsCIDR(cidr('10.0.0.0/8'))",
        "cidr('10.1.2.3/8').ip() == ip('10.1.2.3') && cidr('10.1.2.3/8').masked() == cidr('10.0.0.0/8')",
        "cidr('10.1.2.3/8').prefixLength() == 8",
        "isQuantity('1Gi') && !isQuantity('1gb')",
        "quantity('1000m') == quantity('1') && quantity('1').compareTo(quantity('2')) == -1",
        "quantity('1Gi').isGreaterThan(quantity('1G')) && quantity('50k').isLessThan(quantity('1M'))",
        "quantity('1k').asInteger() == 1000 && !quantity('50m').isInteger()",
        "quantity('50m').asApproximateFloat() == 0.05 && sign(quantity('-1')) == -1",
        "quantity('1k').add(quantity('1')).sub(1) == quantity('1000')",
        "quantity('1').add(2) == quantity('3')",
        "'abc'.charAt(1) == 'b' && 'abc'.charAt(3) == ''",
        "'abcb'.indexOf('b') == 1 && 'abcb'.indexOf('b', 2) == 3 && 'abcb'.lastIndexOf('b') == 3",
        "['a', 'b'].join() == 'ab' && ['a', 'b'].join('-') == 'a-b'",
        "'AbÉ'.lowerAscii() == 'abÉ' && 'abé'.upperAscii() == 'ABé'",
        "'aaa'.replace('a', 'b') == 'bbb' && 'aaa'.replace('a', 'b', 2) == 'bba'",
        "'a,b,c'.split(',') == ['a', 'b', 'c'] && 'a,b,c'.split(',', 2) == ['a', 'b,c']",
        "'a'.split(',', 0) == [] && 'abc'.split('', 2) == ['a', 'bc']",
        "'abcd'.substring(2) == 'cd' && 'abcd'.substring(1, 3) == 'bc' && '  a\\t'.trim() == 'a'",
        "'%s %d %.2f %x %X %b %o %%'.format(['a', 1, 1.5, 255, 'hi', 5, 8]) == 'a 1 1.50 ff 6869 101 10 %'",
        "'%s %s %s'.format([[1, true], {'b': null}, duration('90s')]) == '[1, true] {b: null} 90s'",
        "strings.quote('a\"\\n') == '\"a\\\\\"\\\\n\"'",
        "1 < 1.5 && 2u > 1.5",
    ],
)
def test_a_function_says_what_kubernetes_says(expression: str):
    assert evaluate(expression, {"self": 1}) is True


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("ip('x')", 'IP Address "x" parse error during conversion from string'),
        ("cidr('x')", "network address parse error during conversion from string"),
        ("url('a b')", "URL parse error during conversion from string"),
        ("'a'.find('[')", "Illegal regex"),
        ("'a'.substring(2)", "index out of range: 2"),
        ("'%d'.format(['a'])", "decimal clause can only be used on integers"),
        ("'%s'.format([])", "index 0 out of range"),
        ("quantity('50m').asInteger()", "cannot convert value to integer"),
        ("ip('10.0.0.1').prefixLength()", "no such overload"),
        ("quantity('1').family()", "no such overload"),
    ],
)
def test_what_cannot_be_done_is_told(expression: str, why: str):
    with pytest.raises(RuleError, match=f"^{why.replace('(', '.').replace('[', '.')}"):
        evaluate(expression, {"self": 1})
