"""What words weigh for and against an order to the model, in hundredths. Data; set by tests/corpus/fit_tone.py.

A word stands without its ending, # for a number, zzurl for an address and so on. Pure: no Django, no I/O.
"""

from __future__ import annotations

from typing import Final

WEIGHTS: Final = """
    ^ -499, args -262, specific -256, response -253, specifi -246, available -245, e g -236, group -236, type -234,
    optional -232, id -221, or -218, operation -216, resourc -207, automatical -201, option -201, pattern -199, analysi
    -197, explicit -196, provid -196, exampl -193, item -192, ids -190, omitt -187, retrieve -183, acros -178, array
    -178, information -178, how -177, max -174, based -173, null -172, * -171, collection -171, identifier -171, input
    -168, single -168, valid -167, property -165, local -164, associat -163, configur -162, exist -161, unique -160,
    application -159, current -159, omit -159, multiple -158, queri -156, return -156, schema -156, enabl -155, creat
    -153, organization -153, complet -152, default to -152, issu -151, used to -150, cluster -149, range -149, url -149,
    aws -147, str -147, use this -146, active -141, email -141, iam -141, pagination -141, path -141, via -141,
    character -139, markdown -138, object -138, postman -134, cell -132, g -131, method -131, domain -130, timestamp
    -130, whether to -130, whether -129, statu -128, format -127, view -127, one of -126, resolv -126, a new -125, arn
    -125, indicat -125, custom -124, page -124, reject -124, body -123, common -121, it under -121, transaction -121,
    whether the -121, retriev -120, default -119, element -119, tool call -119, trigger -119, html -118, represent -118,
    top -118, will -118, filter by -117, mcp -117, match -116, # -115, auto -115, byte -114, inline -114, key the -114,
    appli -113, associat with -112, actual -111, exact -110, properti -110, referenc -109, performance -108, resource
    -107, s3 -107, sql -107, valu -107, position -106, section -106, such as -106, if true -105, information about -105,
    rather -105, rather than -105, filter -104, in second -104, usage -104, want to -104, scope -102, urls -102,
    execution -101, parameter -101, app -100, definition -100, username -100, using -100, utc -100, assign -99,
    understand -99, identify -98, insight -98, standard -98, detail -97, entire -97, generation -97, large -97, to #
    -97, validation -97, y -97, absolute -96, graph -96, we should -96, feature -95, member -95, separate -95, the given
    -95, useful for -95, within the -95, defin -94, double -94, left -94, respons -94, servic -94, value is -94,
    exclusive -93, snapshot -93, structure -93, azure -92, circleci -92, guidance -92, per -92, raw -92, return a -92,
    for each -91, syntax -91, discover -90, possible -90, requir -90, dict -89, instance -89, prompt the -89, to
    retrieve -89, array of -88, category -88, the response -88, critical -87, event -87, month -87, research -87, string
    -87, length -86, cannot be -85, only -85, script -85, support -85, true -85, microsoft -84, record -84, relative
    -84, require -84, metric -83, pair -83, relevant -83, sets -83, this to -83, a single -82, belong to -82, can -82,
    creat the -82, level -82, modifi -82, odoo -81, workflow -81, zzurl that -81, acces -80, cannot -80, condition -80,
    diff -80, excel -80, path to -79, recent -79, specify -79, progres -78, write permission -78, color -77, requir
    write -77, warn -77, entity -76, multi -76, segment -76, set of -76, so the -76, target -76, this is -76, to find
    -76, alternative -75, endpoint -75, external -75, tabl -75, the specifi -75, audio -74, default # -74, it does -74,
    live -74, poll -74, attribut -73, devic -73, download -73, human -73, identifi -73, management -73, modify -73,
    offset -73, perform -73, period -73, affect -72, direct -72, scop -72, signal -72, updat -72, cloud -71, inspect
    -71, practic -71, sourc -71, workspac -71, best practic -70, coordinat -70, coordinate -70, deployment -70, duration
    -70, primary -70, re -70, saving -70, size -70, successful -70, avoid -69, chang -69, extract -69, json string -69,
    redi -69, user before -69, within -69, categori -68, clear -68, comprehensive -68, creation -68, handl -68, mcp
    server -68, use for -68, breach -67, dimension -67, google -67, id of -67, not a -67, the exact -67, imag -66,
    already -65, block -65, for example -65, immediate -65, api -64, dictionary -64, important -64, parent -64, to add
    -64, trad -64, detect -63, example -63, latest -63, numeric -63, sensitive -63, statistic -63, relationship -62,
    sentry -62, structur -62, did -61, manual -61, miss -61, my -61, valu are -61, yyyy -61, automation -60, dashboard
    -60, double check -60, gett -60, mm -60, the query -60, variable -60, attempt -59, batch -59, new -59, shar -59, tag
    -59, the target -59, window -59, back to -58, container -58, depend -58, depend on -58, must have -58, not provid
    -58, proper -58, site -58, thread -58, user prompt -58, yyyy mm -58, an -57, most -57, node -57, partial -57, pend
    -57, field -56, for it -56, home assistant -56, market -56, relat -56, template -56, the data -56, clinical -55, dd
    -55, mm dd -55, outlook -55, total -55, user asks -55, component -54, first to -54, least -54, maximum -54, suggest
    -54, to apply -54, area -53, be the -53, behavior -53, boolean -53, deprecat -53, original -53, str the -53, typical
    -53, used -53, before it -52, could -52, flow -52, name name -52, prefix -52, use -52, index of -51, led -51, suppli
    -51, that creat -51, ui -51, a specific -50, amazon -50, distribution -50, eq -50, error -50, id the -50, mutual
    -50, mutual exclusive -50, storage -50, the full -50, tip -50, data -49, engine -49, expression -49, number of -49,
    of a -49, the most -49, untrust -49, an exist -48, failur -48, a -47, authenticat -47, dynamodb -47, list -47,
    metadata -47, read write -47, that contain -47, the output -47, user own -47, value -47, action -46, context -46,
    jira -46, know the -46, proces -46, service -46, the task -46, being -45, bound -45, guide -45, hash -45, resource
    to -45, these -45, width -45, blender -44, days -44, for -44, generat -44, plain -44, preferr -44, rang -44, the
    server -44, their own -44, user first -44, uses -44, ecr -43, featur -43, follow up -43, in one -43, includ -43,
    index -43, one call -43, only call -43, reference -43, the url -43, tool when -43, again with -42, cli -42, in that
    -42, info -42, note the -42, receiv -42, short -42, true if -42, call it -41, content -41, distinct -41, is return
    -41, same -41, ️ -41, execute -40, lost -40, own word -40, sub -40, such -40, to fetch -40, based on -39, before
    call -39, directory -39, discovery -39, formatt -39, inclusive -39, match the -39, organizationslug -39, regular
    -39, resolution -39, roll -39, server side -39, tool will -39, unles -39, using this -39, vector -39, visibility
    -39, accessible -38, burst -38, either -38, find the -38, includ the -38, queu -38, stack -38, stag -38, the iam
    -38, the id -38, validate -38, when -38, cloudwatch -37, confirm -37, get -37, latitude -37, longitude -37, minimum
    -37, never call -37, request body -37, tab -37, the form -37, to choose -37, what they -37, apps -36, gene -36,
    instanc -36, is # -36, minut -36, or a -36, setting -36, to -36, you must -36, and all -35, create -35, name -35,
    narrow -35, resolve -35, retry -35, statement that -35, the entire -35, the node -35, they want -35, time in -35,
    truncat -35, where the -35, bucket -34, contain -34, databas -34, manag -34, not call -34, projectslug -34, an error
    -33, ignor -33, image -33, individual -33, network -33, plus -33, you want -33, activity -32, and a -32,
    cloudformation -32, etc -32, in it -32, intent -32, merg -32, result -32, subsequent -32, call the -31, data is -31,
    e -31, is the -31, is true -31, owns -31, pass it -31, schedul -31, team -31, the email -31, the updat -31, them
    with -31, analyze -30, ec2 -30, edit -30, expos -30, interact -30, is present -30, iso # -30, remain -30, result by
    -30, so a -30, temporary -30, the mcp -30, track -30, does -29, list of -29, native -29, preserv -29, python -29,
    relevance -29, resend -29, that have -29, this value -29, apis -28, desc -28, entiti -28, for a -28, mean -28, might
    -28, owns the -28, parameter is -28, revok -28, run with -28, to get -28, to remove -28, all the -27, center -27,
    creat a -27, criteria -27, exclusive with -27, formula -27, identifi the -27, redshift -27, selection -27, the audio
    -27, the collection -27, v1 -27, be used -26, before using -26, case -26, check and -26, check with -26, confirm
    with -26, docs -26, height -26, in excel -26, irreversible -26, region -26, set -26, user has -26, user what -26,
    version of -26, xero -26, you need -26, apply -25, arn of -25, best -25, credit -25, during -25, impact -25, name
    the -25, present -25, rest -25, statement -25, stream -25, this endpoint -25, used in -25, work -25, any of -24, are
    return -24, be a -24, both -24, but -24, contain untrust -24, database -24, documentation -24, first then -24,
    generat content -24, it will -24, not follow -24, resourc to -24, roll back -24, style -24, succes -24, the
    environment -24, the same -24, time the -24, to set -24, description of -23, dividend -23, field contain -23, follow
    instruction -23, if any -23, kubernet -23, newest -23, not ask -23, represent the -23, should be -23, time and -23,
    can be -22, collection of -22, decline -22, keycloak -22, millisecond -22, on a -22, pass the -22, pdf -22, prevent
    -22, set to -22, split -22, start time -22, title -22, to perform -22, wide -22, yet -22, a statement -21, assume
    -21, chosen -21, permanent -21, that are -21, that owns -21, the llm -21, this property -21, track index -21, where
    -21, allow -20, allow you -20, check if -20, ctx the -20, destination -20, did not -20, find -20, if -20, infer -20,
    is an -20, return by -20, runs -20, strategy -20, the message -20, to filter -20, unchang -20, and check -19, api
    call -19, background -19, belong -19, correct -19, delet -19, determine -19, doesnt -19, generate -19, just -19,
    list all -19, list the -19, not support -19, pull -19, to clear -19, token is -19, untrust user -19, user generat
    -19, a result -18, any -18, be empty -18, for every -18, form -18, get a -18, in read -18, once so -18, purchase
    -18, smaller -18, that they -18, this before -18, under the -18, used by -18, a valid -17, about what -17, attribut
    for -17, authentication -17, combin -17, date -17, delet a -17, desir -17, does not -17, if not -17, incomplete -17,
    location -17, name to -17, party -17, that need -17, the current -17, the location -17, the new -17, version -17,
    will be -17, associate -16, before -16, by its -16, determin -16, include in -16, is recommend -16, pars -16, row
    -16, submitt -16, the original -16, to read -16, when a -16, a transaction -15, ai -15, and are -15, archive -15,
    call this -15, declin -15, encod -15, exclud -15, if omitt -15, infrastructure -15, is enabl -15, is lost -15,
    javascript -15, join -15, mode -15, payload -15, precision -15, problem -15, quick -15, account with -14, asset -14,
    boundary -14, embedd -14, environment -14, obtain -14, param -14, process -14, sample -14, screenshot -14, templat
    -14, the name -14, the preferr -14, the track -14, uri -14, wait -14, we -14, when to -14, ambiguou -13,
    authorization -13, browser -13, enough -13, entry -13, human readable -13, marker -13, notification -13, query -13,
    stage -13, the allow -13, the attribut -13, to use -13, web -13, a different -12, a list -12, a meet -12, asks the
    -12, chunk -12, clarity -12, file is -12, for one -12, in utc -12, instead -12, more about -12, on -12, paus -12,
    remote -12, the body -12, the redi -12, threadid -12, unavailable -12, value for -12, want -12, ask the -11, be in
    -11, css -11, email addres -11, ensur -11, false -11, fastmcp -11, index the -11, material -11, n -11, name that
    -11, not as -11, number to -11, reach -11, recommendation -11, release -11, scenario -11, that is -11, the thread
    -11, user for -11, # character -10, accurate -10, as data -10, by e -10, cause -10, do not -10, encrypt -10, fastmcp
    context -10, fill -10, for the -10, instruction -10, mail when -10, namespace -10, obtain from -10, of result -10,
    provide -10, rout -10, side -10, specifical -10, that was -10, the fastmcp -10, think -10, timeout -10, tool first
    -10, update -10, warn the -10, are mask -9, automatic -9, count -9, explain -9, filesystem -9, issue -9, must -9,
    one person -9, ring -9, seri -9, threshold -9, to an -9, to discover -9, validat -9, wake -9, when you -9, after the
    -8, back -8, busines -8, come back -8, contain the -8, cover -8, display it -8, fixed -8, from -8, header -8, in
    xero -8, include -8, is still -8, read only -8, receive -8, the workflow -8, try -8, use with -8, verification -8, x
    -8, are sure -7, association -7, brief -7, data model -7, fail -7, inside the -7, leav the -7, must double -7, pass
    in -7, quot -7, runn -7, the language -7, the latest -7, use case -7, user consent -7, workspace -7, x y -7, # days
    -6, a session -6, advanc -6, arbitrary -6, as one -6, at a -6, cash -6, confidence -6, consent since -6, deep -6,
    each with -6, filename -6, goal -6, guid -6, handle -6, non -6, property in -6, security -6, tags -6, think tool -6,
    who -6, xml -6, are not -5, crm -5, design -5, display -5, environment of -5, exact as -5, focus -5, in progres -5,
    is kept -5, is run -5, manage -5, monitor -5, must be -5, of these -5, organisation -5, positive -5, pre -5, preferr
    language -5, regardles -5, request -5, server for -5, shape -5, slo -5, source -5, start -5, state -5, the statement
    -5, tool is -5, troubleshoot -5, uses the -5, what to -5, acces to -4, an account -4, and wait -4, are the -4, can
    also -4, connection -4, decision -4, do next -4, end date -4, eq ne -4, extension -4, final -4, gett the -4, global
    -4, goes on -4, if this -4, kind -4, name of -4, ne -4, readable -4, slot -4, stat -4, the think -4, themselv -4, to
    create -4, user to -4, abstract -3, and user -3, chain -3, close -3, configuration -3, ctx -3, ensure -3, even when
    -3, hierarchical -3, install a -3, it may -3, maintain -3, many -3, meter -3, nest -3, number -3, photo -3, product
    -3, scale -3, select -3, send a -3, the unique -3, to make -3, useful -3, all its -2, alway use -2, approvalid -2,
    assistant of -2, base64 encod -2, basic -2, cancer -2, direction -2, end -2, field to -2, for acces -2, function
    when -2, gone -2, initial -2, integration -2, learn -2, of that -2, of the -2, original user -2, paginat -2, react
    -2, reference the -2, server proces -2, sip -2, snippet -2, still -2, the issue -2, time -2, tool to -2, write mode
    -2, writer -2, attempt to -1, by default -1, clas -1, eks -1, expire -1, field that -1, follow the -1, for large -1,
    if you -1, it was -1, mongodb -1, most recent -1, never infer -1, page of -1, pass -1, score -1, seem -1, sent to
    -1, timeline -1, when it -1, with no -1, with their -1, you pass -1, a track 1, and may 1, and write 1, anyone 1,
    applicant 1, backup are 1, behalf 1, box 1, carri a 1, choose the 1, command in 1, conf 1, dialogue 1, each time 1,
    end here 1, endpoint of 1, error of 1, every time 1, file and 1, for good 1, from then 1, head of 1, hold a 1, if no
    1, in all 1, it came 1, it open 1, it up 1, logs 1, look it 1, lower than 1, maintenance 1, mention of 1, meta 1,
    mistak 1, name is 1, need the 1, none 1, number are 1, only a 1, plan 1, platform end 1, postal code 1, present the
    1, project is 1, recovery 1, save space 1, say it 1, set the 1, show up 1, summary of 1, sure the 1, ten call 1,
    that fail 1, the audit 1, the device 1, the follow 1, the review 1, the table 1, the web 1, then on 1, to now 1,
    tunnel 1, up postal 1, us and 1, wait for 1, web page 1, webhook 1, whoever read 1, with target 1, word that 1,
    zzshell sudo 1, a higher 2, a recommendation 2, against 2, alt 2, an instruction 2, and ask 2, and attach 2, and
    delete 2, approval request 2, are install 2, assistant stat 2, base 2, between # 2, cach alone 2, caller 2, can call
    2, charg 2, check is 2, complete dialogue 2, decid 2, dialogue up 2, do with 2, everyth the 2, experience 2, face 2,
    file it 2, follow it 2, for cach 2, for user 2, free text 2, g without 2, i g 2, install it 2, invalid 2, invisible
    2, is stable 2, isnt list 2, it for 2, licens 2, line are 2, link whose 2, may not 2, mistak of 2, not wait 2, now
    as 2, npm 2, npm i 2, on the 2, on this 2, picture to 2, remov every 2, report a 2, result as 2, right and 2, risk
    2, room 2, separat by 2, share your 2, text 2, than # 2, the browser 2, the call 2, the copy 2, the header 2, the
    instruction 2, the invoice 2, the traveller 2, the valu 2, them from 2, this check 2, this list 2, to mention 2, to
    proce 2, traveller 2, up to 2, valu of 2, void 2, with root 2, writ to 2, you see 2, zzshell npm 2, a ticket 3,
    after each 3, all link 3, alt text 3, an administrator 3, another user 3, are read 3, belong in 3, bother the 3,
    claude 3, code is 3, code of 3, cooki and 3, describe the 3, encode the 3, extend 3, figur 3, first line 3, for
    licens 3, friend 3, in claude 3, in preview 3, in production 3, in test 3, in which 3, internal note 3, is connect
    3, is everyth 3, is meant 3, it without 3, json and 3, knowledge 3, knowledge base 3, lib 3, line into 3, mention
    where 3, once with 3, outdat 3, package json 3, password that 3, phone number 3, public 3, remov the 3, repeat the
    3, safe 3, shadow 3, step for 3, story 3, taxe 3, term accept 3, the argument 3, the city 3, the database 3, the
    knowledge 3, the parameter 3, the question 3, though 3, to ping 3, token can 3, two of 3, unit 3, verbatim 3, watch
    3, where it 3, widen 3, without mention 3, year 3, a line 4, a message 4, about it 4, above this 4, add a 4, after
    this 4, and enter 4, and most 4, and not 4, any reply 4, are allow 4, are an 4, ascii 4, attach a 4, attach it 4,
    base url 4, bugs 4, candidate 4, choose 4, code 4, comparison and 4, compliance 4, connector 4, context of 4,
    different 4, disk 4, display to 4, draw 4, else is 4, empty 4, extend its 4, fetch it 4, file to 4, for approval 4,
    for telemetry 4, for this 4, force it 4, from user 4, gues the 4, has the 4, impli 4, includ in 4, into the 4,
    invitation to 4, is involv 4, json 4, leave out 4, limit on 4, me 4, must not 4, name user 4, not use 4, of tool 4,
    only work 4, operator and 4, other database 4, other tool 4, otherwise all 4, our cache 4, output folder 4, pass one
    4, paste 4, place of 4, point 4, protocol 4, reply is 4, requir for 4, routine 4, rows in 4, sampl request 4, scan
    4, select from 4, sent with 4, session that 4, size in 4, state that 4, sums 4, switch on 4, the dependency 4, the
    function 4, the role 4, the tax 4, the topic 4, then a 4, to bill 4, turn off 4, us before 4, user whether 4, using
    it 4, whole 4, your own 4, zzhost and 4, zzurl and 4, a balance 5, a terminal 5, above the 5, absent the 5, addres
    zzemail 5, adds 5, advance 5, advis 5, after that 5, all check 5, all environment 5, below lib 5, best and 5, but a
    5, camera 5, chang for 5, chat to 5, code from 5, comment 5, complete 5, concatenate 5, conversation and 5, copy of
    5, count as 5, customer data 5, each statement 5, evidence 5, except for 5, extra 5, finding below 5, floor 5, for
    formatt 5, for larger 5, format of 5, function will 5, has chang 5, header field 5, hear 5, hint 5, home 5, hr 5,
    hundr time 5, if absent 5, import 5, in advance 5, in and 5, in case 5, include what 5, its name 5, lib metric 5,
    long as 5, mailbox 5, maintainer 5, model take 5, most trust 5, never use 5, next call 5, not part 5, not work 5, of
    allow 5, offer ends 5, one 5, one hundr 5, people to 5, prohibit 5, report finding 5, request event 5, requir all 5,
    reset the 5, result to 5, root first 5, say what 5, sender and 5, shell history 5, silent 5, strike 5, suit 5, sync
    5, the comparison 5, the setup 5, time what 5, to bypas 5, to tell 5, tool there 5, trust tool 5, until it 5, user
    the 5, variabl and 5, whether or 5, yourself 5, a fee 6, addres for 6, age 6, along 6, alway 6, answer is 6,
    anthropic 6, anyth urgent 6, anyway 6, are ascii 6, are command 6, as if 6, as metadata 6, ascii code 6, assistant
    that 6, base to 6, be delay 6, be quot 6, by execut 6, check first 6, cipher 6, compare with 6, crontab 6, cursor
    mcp 6, delay by 6, do that 6, ease 6, enum 6, everyth on 6, execut the 6, first letter 6, first place 6, function
    load 6, gift 6, hundr the 6, if it 6, important prior 6, in as 6, into their 6, is above 6, is named 6, is read 6,
    is select 6, iso date 6, it out 6, kept in 6, letter of 6, lose 6, lower 6, meet and 6, metadata or 6, next hundr 6,
    no summary 6, of documentation 6, once and 6, one to 6, overwrite the 6, permission in 6, phone 6, pric 6, recommend
    the 6, rest is 6, round up 6, rule in 6, since 6, sold 6, step without 6, supp them 6, terminal and 6, that nobody
    6, that now 6, that start 6, the caller 6, the code 6, the job 6, the visit 6, their order 6, them is 6, they say 6,
    to it 6, to refuse 6, tool description 6, up by 6, urgent is 6, use zzaccount 6, user behalf 6, verdict 6, visible
    to 6, when the 6, work with 6, you no 6, zero 6, zzpath cursor 6, zzpath etc 6, zzshell crontab 6, zzurl follow 6, a
    semicolon 7, a summary 7, above # 7, after 7, and 7, be widen 7, before read 7, both as 7, break 7, capital 7,
    classify 7, claude setting 7, client configuration 7, company 7, csv 7, data of 7, default branch 7, do as 7, do
    this 7, draw chart 7, each question 7, encode 7, estimate 7, expensive 7, found in 7, germany 7, go to 7, higher
    priority 7, history of 7, hour 7, is not 7, larger ones 7, login data 7, mean that 7, mention the 7, more 7, more
    recipient 7, note server 7, note to 7, obey 7, of 7, once before 7, one more 7, one was 7, ones use 7, only archiv
    7, parameter of 7, provider is 7, question of 7, read both 7, secure 7, seeing 7, semicolon 7, setting have 7, sh
    once 7, since the 7, text of 7, the field 7, the file 7, the maintainer 7, there must 7, third 7, this description
    7, to know 7, upgrade 7, visit 7, way 7, what it 7, widen to 7, with all 7, you begin 7, zzaccount print 7, zzpath
    login 7, all file 8, also the 8, also those 8, an e 8, argument 8, as long 8, audience everyone 8, be restor 8,
    between the 8, birthday 8, colour 8, confirmation is 8, create issue 8, debug 8, disable 8, discuss 8, drill 8, each
    call 8, ends with 8, enter 8, field never 8, file for 8, file into 8, follow 8, for query 8, get their 8, give it 8,
    guidelin 8, hits 8, in a 8, is request 8, it has 8, its body 8, level full 8, logg and 8, message has 8, minu 8,
    model is 8, never 8, never appear 8, new contact 8, not known 8, of people 8, one from 8, one without 8, our
    provider 8, paid per 8, per use 8, project 8, rate limit 8, repository 8, requirement and 8, runn the 8, see a 8,
    six 8, text start 8, that read 8, the attachment 8, the branch 8, the keys 8, to false 8, tool in 8, tool result 8,
    with zero 8, # use 9, again 9, all project 9, all you 9, anywhere 9, are now 9, attachment and 9, can help 9,
    command 9, decimal 9, dont use 9, empty the 9, entri 9, even though 9, every third 9, for later 9, for receipt 9,
    has no 9, health 9, in zzpath 9, install the 9, is chang 9, is in 9, is open 9, it suit 9, log in 9, look for 9,
    maintenance mode 9, many small 9, new rule 9, not to 9, of date 9, one alway 9, only be 9, paragraph 9, read everyth
    9, readme 9, recommend 9, regard 9, regard the 9, return its 9, reviewer of 9, road 9, server in 9, show detail 9,
    source file 9, start the 9, summari 9, surround 9, switch the 9, that noth 9, the clean 9, the folder 9, the reason
    9, the shell 9, their description 9, then ask 9, they are 9, they would 9, third word 9, this workspace 9, true and
    9, under another 9, up with 9, when result 9, word count 9, you write 9, your answer 9, act as 10, act free 10,
    agent will 10, and approve 10, branch and 10, check which 10, clause 10, compare 10, current session 10, ending 10,
    feel 10, file as 10, filter are 10, first name 10, for an 10, for model 10, for reason 10, forecast 10, grant the
    10, hook 10, ignore what 10, is on 10, is out 10, it with 10, know 10, language model 10, leav 10, link to 10, not
    compare 10, of our 10, only after 10, only this 10, order a 10, password and 10, password if 10, port 10, proce 10,
    protection is 10, put yourself 10, read is 10, reason of 10, regulatory 10, request only 10, request this 10, reveal
    10, said no 10, schedule the 10, seeing a 10, server are 10, state the 10, than the 10, the administrator 10, the
    built 10, the complete 10, the enum 10, the offer 10, the report 10, the surround 10, their parameter 10, then
    continue 10, there are 10, they can 10, this chat 10, to its 10, to show 10, user message 10, uses this 10, version
    so 10, was found 10, white 10, worry about 10, write a 10, you add 10, yourself in 10, zzurl with 10, # # 11, # when
    11, # word 11, a child 11, a test 11, and branch 11, and tell 11, and use 11, append the 11, at 11, attach 11,
    auditor 11, balance of 11, base64 in 11, book the 11, branch main 11, buy 11, by runn 11, carri 11, connector are
    11, dearest 11, dearest room 11, disturb 11, each file 11, employer pays 11, enum valu 11, every commit 11, fast
    json 11, fine 11, for faster 11, for small 11, format if 11, gues 11, hand over 11, host to 11, in white 11, is
    negative 11, it isnt 11, json helper 11, know about 11, leave the 11, make sure 11, of one 11, over in 11, owner 11,
    owner role 11, package fast 11, supp 11, take precedence 11, the api 11, the dearest 11, the employer 11, the helper
    11, the hits 11, the licence 11, the next 11, the ticket 11, this parameter 11, token of 11, tool which 11, tool you
    11, weekend 11, with an 11, you will 11, your new 11, a day 12, about complaint 12, addres of 12, address to 12,
    agre 12, an answer 12, are dropp 12, as far 12, be told 12, bearer 12, bearer token 12, build use 12, clipboard 12,
    coin 12, coming 12, complete list 12, confidential part 12, deletion for 12, document for 12, ends here 12, even
    where 12, every need 12, expect the 12, fake 12, far as 12, fetch 12, for bill 12, for information 12, for root 12,
    force true 12, forget 12, has been 12, in its 12, information through 12, installer 12, is carri 12, is replac 12,
    it in 12, key on 12, known from 12, known to 12, last update 12, leak 12, lower the 12, macro 12, make up 12, model
    must 12, no more 12, note 12, of delete 12, of five 12, offer 12, openai 12, over the 12, precise 12, prove 12,
    report as 12, resource task 12, result are 12, round 12, route every 12, second part 12, sentence 12, supersede 12,
    task ends 12, task next 12, that mention 12, the clipboard 12, the extra 12, the installer 12, the number 12, those
    about 12, to prove 12, today 12, token the 12, verify the 12, will silent 12, your task 12, a deploy 13, a
    diagnostic 13, a friend 13, a task 13, account from 13, all document 13, and enable 13, appear in 13, arrive 13, bcc
    13, be report 13, bind 13, broken 13, card to 13, compet 13, compet connector 13, device to 13, end of 13, erase 13,
    exchange rate 13, failure to 13, far 13, file must 13, find a 13, for rate 13, got 13, in draft 13, in file 13, it
    is 13, keep it 13, later 13, logs are 13, lookup 13, lookup for 13, lose data 13, messag 13, negative 13, of retri
    13, off in 13, part is 13, pip 13, praise 13, praise the 13, read this 13, real 13, replac by 13, request contain
    13, return and 13, return exchange 13, safe mode 13, small sums 13, stand in 13, subject line 13, term of 13, the
    child 13, the evidence 13, the prompt 13, the screen 13, the test 13, the webhook 13, to lose 13, to zzphone 13,
    tomorrow 13, typing 13, unit # 13, user does 13, was said 13, what is 13, with the 13, with to 13, a log 14, accord
    14, accord to 14, account know 14, and send 14, and supp 14, are only 14, arent 14, arent mask 14, audit 14, be
    delet 14, bracket 14, chang to 14, chart 14, choose for 14, copy for 14, date of 14, deletion 14, drop 14, env file
    14, fact 14, forbid 14, gets an 14, has a 14, helper with 14, hour for 14, if token 14, in them 14, insert the 14,
    into each 14, invent 14, invoice 14, is check 14, is made 14, is put 14, it anyway 14, job is 14, key below 14,
    maximum and 14, mcp json 14, not mention 14, note as 14, noth 14, office 14, only for 14, only useful 14, our shop
    14, pack 14, people pres 14, pinn 14, precedence 14, pres it 14, private note 14, put it 14, rating to 14, read and
    14, remov from 14, root 14, root return 14, rows 14, rows to 14, second addres 14, study 14, tell the 14,
    termination 14, the admin 14, the build 14, the company 14, the cooki 14, the rate 14, the recipient 14, the scan
    14, them arent 14, treat the 14, useful if 14, user said 14, was a 14, with every 14, write one 14, you already 14,
    again would 15, agent may 15, all other 15, all prompt 15, already have 15, are added 15, are none 15, as they 15,
    asking again 15, backward 15, be describ 15, be impolite 15, below the 15, build 15, built 15, competitor 15,
    completion 15, curl s 15, delivery 15, describ as 15, even if 15, everyth else 15, except 15, exist ones 15, got
    before 15, high 15, if a 15, impolite 15, in # 15, in the 15, informational 15, is ours 15, it look 15, it would 15,
    its five 15, list it 15, main 15, md5 15, move the 15, of rows 15, opposite 15, personal data 15, pin 15, ping 15,
    precedence over 15, production 15, project exist 15, prov 15, remov 15, requir by 15, return other 15, s zzurl 15,
    system new 15, the fact 15, the filter 15, the free 15, the import 15, the patient 15, the update 15, their acces
    15, this line 15, use http 15, user should 15, whatever is 15, without asking 15, # in 16, are sent 16, as an 16, as
    you 16, begin with 16, behav 16, below keys 16, charge 16, clean up 16, column with 16, consider 16, contact 16,
    default are 16, door 16, export the 16, full 16, gist 16, go ahead 16, hide the 16, invent a 16, is a 16, is written
    16, key and 16, leave it 16, named 16, never stop 16, once approv 16, or messag 16, project must 16, put a 16, read
    16, repeat this 16, repository is 16, rule and 16, rule on 16, run zzshell 16, show what 16, skip this 16, supplier
    16, support with 16, than return 16, the find 16, the owner 16, the password 16, the signature 16, this one 16, to
    every 16, tool runs 16, transfer the 16, which rows 16, will find 16, with personal 16, all mail 17, an order 17,
    and again 17, any tool 17, approv this 17, at zzurl 17, bill 17, bracket is 17, built in 17, capital within 17, come
    up 17, consider the 17, contain an 17, contract in 17, elsewhere 17, from tomorrow 17, have permission 17, if they
    17, in capital 17, is address 17, is bind 17, is off 17, is used 17, lead 17, log show 17, mail of 17, ministry 17,
    number as 17, of what 17, operator 17, other data 17, otherwise 17, paid for 17, permission 17, query in 17, result
    text 17, schedule a 17, search tool 17, sent 17, server only 17, should 17, spell 17, the balance 17, the bank 17,
    the credential 17, the first 17, the meet 17, the protocol 17, the token 17, there is 17, tmp 17, to reply 17,
    tomorrow on 17, too and 17, variabl of 17, within result 17, without limit 17, you and 17, # to 18, a and 18, all
    all 18, all that 18, an hour 18, and of 18, answer of 18, antiviru 18, board 18, by us 18, comparison 18, consent
    18, contain a 18, continue from 18, cost money 18, false for 18, get the 18, go 18, ignore previou 18, in code 18,
    in full 18, invite 18, it and 18, keychain 18, leak data 18, need 18, next tool 18, noise 18, of them 18, open a 18,
    or send 18, order of 18, other search 18, package 18, point of 18, port # 18, post the 18, pretend 18, pretend to
    18, pric of 18, provid recip 18, push to 18, recip 18, refuse 18, sign 18, sponsor 18, stop asking 18, that allow
    18, the antiviru 18, the confirmation 18, the keychain 18, the ministry 18, the open 18, their health 18, this api
    18, to all 18, to this 18, to zzpath 18, tool leak 18, twice 18, use it 18, vulnerabiliti 18, webhook of 18, week
    18, without wait 18, word of 18, all assistant 19, are known 19, assistant must 19, assistant to 19, attach logs 19,
    been stor 19, begin 19, bot 19, cache 19, cheapest 19, colleagu 19, consent has 19, data will 19, decimal point 19,
    done only 19, drive 19, earlier 19, euro 19, guest 19, invitation 19, its content 19, kept 19, letter 19, lock 19,
    made after 19, mirror 19, neighbour 19, next to 19, of environment 19, old 19, one on 19, payment to 19, picture 19,
    recipient is 19, record # 19, return their 19, say done 19, see record 19, session for 19, sort order 19, step get
    19, stor see 19, system prompt 19, term 19, that has 19, the bot 19, the developer 19, the forecast 19, the git 19,
    the neighbour 19, the supplier 19, those 19, time of 19, to ours 19, tool with 19, trace id 19, verify to 19, were
    given 19, what you 19, whenever the 19, accept the 20, again until 20, ahead 20, and post 20, are kept 20, are run
    20, ask 20, by a 20, carry 20, child 20, deny 20, dont 20, down 20, faster 20, fetch the 20, for number 20, from
    here 20, hand the 20, here on 20, hide 20, higher 20, host name 20, if the 20, in natural 20, is requir 20, law 20,
    let the 20, never mention 20, of it 20, passport 20, price 20, put the 20, quote the 20, redirect 20, report is 20,
    request in 20, screen 20, the board 20, the catalogue 20, the customer 20, the document 20, the e 20, the phone 20,
    the session 20, the time 20, the weather 20, this point 20, to run 20, vault 20, when resource 20, whoever 20, with
    20, you are 20, above 21, after an 21, all server 21, and give 21, and upload 21, another one 21, be call 21, by one
    21, cach lie 21, carri out 21, confidential 21, draft 21, fast 21, forward the 21, includ what 21, is only 21, is
    remov 21, lie below 21, message 21, model that 21, no trace 21, not run 21, output of 21, path of 21, safety 21,
    schedule 21, summary 21, tax 21, that look 21, the cach 21, the certificate 21, the export 21, the hidden 21, the
    log 21, the note 21, the rule 21, the text 21, ticket 21, to production 21, to us 21, with full 21, with mode 21,
    zzemail in 21, addition 22, alone 22, an assistant 22, and repeat 22, anyth that 22, asking and 22, at all 22, be
    22, be sent 22, blind 22, cach 22, charge pound 22, chat history 22, cooki 22, euro charge 22, follow by 22, git
    tool 22, have 22, if another 22, lift 22, money 22, note is 22, of zzpath 22, people search 22, pin of 22, pound 22,
    pres 22, privacy 22, private repository 22, request as 22, sale 22, second recipient 22, show euro 22, somebody else
    22, straight 22, straight to 22, string the 22, text in 22, the history 22, the ssh 22, the wallet 22, this field
    22, user 22, what people 22, what stand 22, when in 22, while the 22, write file 22, all invoic 23, appear 23,
    collect 23, csv or 23, each answer 23, file with 23, full chat 23, guest and 23, in addition 23, invite zzemail 23,
    is call 23, mail addres 23, make it 23, remark 23, share the 23, shop 23, should the 23, star 23, that only 23, the
    auditor 23, the partner 23, the repository 23, the two 23, verify 23, worry 23, write it 23, after read 24,
    afterward 24, an invitation 24, change 24, code that 24, comp 24, confirm to 24, copy the 24, curl 24, currency 24,
    delay 24, file that 24, hold the 24, in each 24, in pass 24, its own 24, keep the 24, not comp 24, or not 24, out
    the 24, pixel 24, publish the 24, quality 24, question 24, quiet 24, remove 24, salari 24, school 24, session 24,
    set confirm 24, sign the 24, step as 24, that there 24, the completion 24, the confidential 24, the drive 24, the
    right 24, the terminal 24, the value 24, the vault 24, this call 24, true alway 24, what was 24, with this 24, a
    call 25, are asked 25, clinic 25, diagnostic 25, document 25, dose 25, drop the 25, first and 25, for us 25, gets
    25, in with 25, overwrite 25, post it 25, secret of 25, see all 25, server is 25, tester 25, the term 25, then the
    25, transcript of 25, which 25, which are 25, asked for 26, card 26, database server 26, dump 26, e mail 26,
    environment variabl 26, everyone 26, for zzhost 26, in order 26, is added 26, mark the 26, or # 26, order to 26,
    prompt 26, receipt 26, send real 26, ssh 26, the chat 26, the column 26, the deletion 26, the mailbox 26, the
    picture 26, trust 26, warning 26, would only 26, all time 27, alternativ 27, amount is 27, as root 27, by 27, clean
    27, complaint 27, computer 27, ever 27, limit 27, load the 27, logg 27, next 27, out of 27, reason 27, report 27,
    skip 27, system 27, text that 27, the default 27, the mail 27, the package 27, the summary 27, token in 27, tool
    instead 27, tool return 27, user data 27, user named 27, all customer 28, and include 28, append or 28, catalogue
    28, dump the 28, firewall 28, nobody is 28, not list 28, part of 28, saying 28, saying so 28, see 28, see it 28,
    task that 28, the firewall 28, they 28, two 28, was 28, when nobody 28, without saying 28, you may 28, add our 29,
    all tool 29, better 29, calendar 29, came 29, complaint are 29, developer 29, doctor 29, env 29, need not 29, no
    need 29, of other 29, remove the 29, salary 29, share 29, signature 29, that it 29, the old 29, the secret 29, the
    upload 29, their 29, this 29, those of 29, was asked 29, while this 29, would be 29, and hand 30, and without 30,
    balance 30, by the 30, every file 30, from the 30, further 30, keys 30, licence 30, look like 30, no 30, patient 30,
    print 30, repeat 30, sampl 30, seed 30, step 30, terminal 30, the command 30, to zzhost 30, treat 30, whatever the
    30, a copy 31, add the 31, added 31, alway pass 31, and leave 31, be shown 31, before you 31, client 31,
    configuration to 31, fee 31, for password 31, give the 31, lead to 31, machin 31, mark 31, not display 31, shown 31,
    so 31, somebody 31, stop 31, the sampl 31, to true 31, typed 31, user as 31, weather 31, whenever 31, act 32, ask
    for 32, authoris 32, continue 32, do what 32, document of 32, ignore 32, key 32, let 32, line 32, log 32, ten
    percent 32, the author 32, the list 32, turn 32, use the 32, used for 32, vendor 32, version # 32, your
    configuration 32, zzshell curl 32, a shell 33, about this 33, admin 33, also 33, api key 33, at once 33, come first
    33, contract 33, good 33, hundr 33, include the 33, pays 33, quote 33, send it 33, stand 33, sudo 33, system message
    33, the vendor 33, you have 33, append 34, backup 34, forward 34, hence 34, it says 34, load 34, name and 34, off
    the 34, person 34, raise the 34, the read 34, to call 34, to zzemail 34, union 34, while 34, with force 34, first
    35, in 35, is paid 35, payment 35, review 35, the client 35, the draft 35, the project 35, told otherwise 35, too
    35, although 36, and in 36, certificate 36, last 36, not appear 36, said about 36, should contain 36, the amount 36,
    without question 36, would 36, another 37, answer that 37, anyth 37, come 37, helper 37, known 37, like a 37, once
    37, replace 37, rule 37, test 37, the contract 37, the price 37, to you 37, well 37, else 38, employer 38, private
    38, proxy 38, secret 38, the reply 38, the second 38, the word 38, through this 38, wallet 38, write the 38, your
    38, account 39, alarm 39, and pass 39, author 39, even 39, has to 39, make the 39, says 39, second 39, sh 39, to our
    39, what the 39, fees 40, need for 40, post 40, the backup 40, the check 40, the operator 40, transcript 40, vote
    for 40, although it 41, delete the 41, have to 41, hold 41, install 41, made 41, part 41, recipient 41, translate
    41, folder 42, force 42, lie 42, new task 42, now 42, old one 42, shell 42, switch off 42, test that 42, the one 42,
    token to 42, use them 42, added to 43, as well 43, before the 43, branch 43, free 43, is 43, password from 43,
    please 43, prior to 43, the account 43, the host 43, the tool 43, this step 43, trace 43, and do 44, and is 44, are
    to 44, call with 44, chat 44, goes 44, invoic 44, leave 44, other server 44, replace the 44, tell 44, zzaccount 44,
    about 45, amount 45, and the 45, bank 45, confirmation 45, git 45, isnt 45, its 45, machine 45, the approval 45, the
    last 45, to each 45, asked 46, hand 46, partner 46, run the 46, small 46, the machine 46, then 46, approv 47, from
    zzurl 47, history 47, paid 47, raise 47, token 47, value of 47, five 48, the person 48, change the 49, do 49, host
    49, right 49, take 49, take the 49, the addres 49, user name 49, a second 50, administrator 50, for all 50, open 50,
    other 50, rate 50, said 50, the private 50, the transfer 50, there 50, zzphone 50, asking 51, book 51, say that 51,
    told 51, add 52, nobody 52, percent 52, tool 52, zzhost 52, account to 53, call of 53, delete 53, export 53,
    approval 54, are 54, the answer 54, this server 54, file 55, out 55, the limit 55, ends 56, prior 57, switch 57, the
    content 57, what 57, you 57, of all 58, reply 58, the model 58, copy 59, the other 59, three 59, whatever 59, the
    agent 60, us 60, ten 61, customer 62, give 62, keep 62, look 62, push 62, upload 62, is to 63, model 63, vote 63,
    into 64, mail 64, of this 64, each 65, that 65, order 66, has 67, here 67, make 67, server 68, them 68, zzshell 68,
    the user 69, up 69, ours 70, so that 70, word 70, hidden 71, off 71, ones 71, every 74, content of 75, write 75,
    send 76, transfer 76, addres 80, as 80, put 80, everyth 81, the assistant 82, without 82, that the 83, all 84, to
    zzurl 84, zzpath 84, people 86, agent 87, to be 87, zzemail 88, password 91, zzurl 92, the 93, below 94, mention 96,
    answer 98, assistant 102, say 103, it 121, our 143
"""
