package report

import "strings"

// A Remedy says what the operator can do about an error.
type Remedy string

// The remedies.
const (
	FixInput      Remedy = "fix_input"
	FixPermission Remedy = "fix_permission"
	FixAccount    Remedy = "fix_account"
	TryAgain      Remedy = "try_again"
	ProviderFault Remedy = "provider_fault"
	NotPublished  Remedy = "unknown"
)

// Name returns the name of the remedy.
func (r Remedy) Name() Text {
	switch r {
	case FixInput:
		return Text{"Fix the input", "修正输入"}
	case FixPermission:
		return Text{"Grant permission", "授予权限"}
	case FixAccount:
		return Text{"Check the account", "检查账号"}
	case TryAgain:
		return Text{"Try again", "重试"}
	case ProviderFault:
		return Text{"Service error", "服务方故障"}
	default:
		return Text{"Unknown code", "未知错误码"}
	}
}

// A Cause explains an error code, based on its documentation.
type Cause struct {
	Code   string `json:"code"` // as documented
	Remedy Remedy `json:"remedy"`
	Advice Text   `json:"advice"`
	Source string `json:"source,omitempty"` // the page that documents the code
	Family bool   `json:"family"`           // only the beginning of the code is documented
}

// The pages that document the codes below.
const (
	imsCodes = "https://help.aliyun.com/document_detail/197855.html"
	imsFAQ   = "https://help.aliyun.com/en/ims/support/intelligent-production-making-faq"
	vodCodes = "https://www.alibabacloud.com/help/doc-detail/52841.htm"
	mpsCodes = "https://www.alibabacloud.com/help/doc-detail/29254.htm" // the service that reads the source files
)

var sourceTitles = map[string]Text{
	imsCodes: {"Intelligent Media Services: error codes", "智能媒体服务：错误码表"},
	imsFAQ:   {"Intelligent Media Services: FAQ about intelligent production", "智能媒体服务：智能生产制作常见问题"},
	vodCodes: {"ApsaraVideo VOD: error codes", "视频点播：错误码"},
	mpsCodes: {"ApsaraVideo Media Processing: error codes", "媒体处理：错误码"},
}

// A Source is a page that documents error codes.
type Source struct {
	Number  int
	Title   Text
	Address string // without "https://"
}

// Sources returns the numbered pages that document the causes.
func (r Report) Sources() []Source {
	var sources []Source
	seen := map[string]bool{"": true}
	for _, c := range r.Causes {
		if u := c.Cause.Source; !seen[u] {
			seen[u] = true
			sources = append(sources, Source{len(sources) + 1, sourceTitles[u], strings.TrimPrefix(u, "https://")})
		}
	}
	return sources
}

// causes are the documented error codes of failed edits.
var causes = []Cause{
	// Editing.
	{Code: "InvalidParameter.ResourceContentBad", Remedy: FixInput, Source: imsCodes, Advice: Text{
		"A source file is damaged, or has streams that cannot be read. Play it or run ffprobe on it, and replace it. If the file is intact, open a ticket.",
		"素材文件已损坏，或其中的流无法读取。请播放该文件或用 ffprobe 检查，然后更换；若文件正常，请提交工单。"}},
	{Code: "InvalidMaterial.NotFound", Remedy: FixInput, Source: imsCodes, Advice: Text{
		"There is no file at the URL of a clip. Check that the OSS object in the message exists and was not deleted before the edit ran.",
		"片段的 URL 没有对应的文件。请确认错误信息中的 OSS 对象存在，且没有在剪辑运行前被删除。"}},
	{Code: "QueryMaterialFailed", Remedy: FixInput, Source: imsCodes, Advice: Text{
		"A source could not be analysed, usually because of its format. Look up the error of the media ID in the message.",
		"素材分析失败，多由格式引起。请查询错误信息中媒资 ID 自身的错误。"}},
	{Code: "ProduceTimelineFormatError", Remedy: FixInput, Source: imsCodes, Advice: Text{
		"The project's timeline is not valid. The message names the part; correct it and produce again.",
		"工程的时间线无效。请按错误信息修正对应部分后重新合成。"}},
	{Code: "TimelineFormatError", Remedy: FixInput, Source: imsFAQ, Advice: Text{
		"The timeline is not accepted. Check its JSON, and the times of its clips against the sources.",
		"时间线不被接受。请检查其 JSON，并对照素材检查各片段的时间。"}},
	{Code: "ProjectNotFound", Remedy: FixInput, Source: imsCodes, Advice: Text{
		"There is no project with this ID in the region. It may have been deleted, or the region may be wrong.",
		"该地域中没有此工程 ID。是否已被删除，或地域不对？"}},
	{Code: "ResourceNotFound", Remedy: FixInput, Source: imsCodes, Advice: Text{
		"A resource of the edit does not exist. Check the IDs in the timeline.",
		"剪辑引用的资源不存在。请检查时间线中的各个 ID。"}},
	// Parameters and sources.
	{Code: "InvalidParameter", Remedy: FixInput, Source: imsCodes, Advice: Text{
		"A value of the timeline or of the request is not accepted. The message names it.",
		"时间线或请求中的某个取值不被接受，错误信息会指出是哪一个。"}},
	{Code: "MissingParameter", Remedy: FixInput, Source: vodCodes, Advice: Text{
		"A required parameter is missing. The message names it.",
		"缺少必填参数，错误信息会指出是哪一个。"}},
	{Code: "InvalidParameter.ResourceNotFound", Remedy: FixInput, Source: mpsCodes, Advice: Text{
		"A source file does not exist. Check the object's name and that it is still there.",
		"素材文件不存在。请检查对象名称，并确认文件仍在。"}},
	{Code: "InvalidParameter.ResourceDeleted", Remedy: FixInput, Source: mpsCodes, Advice: Text{
		"A source was deleted before the edit could read it. Restore it, or remove it from the timeline.",
		"素材在剪辑读取之前已被删除。请恢复素材，或将其移出时间线。"}},
	{Code: "InvalidParameter.ResourceNotSupported", Remedy: FixInput, Source: mpsCodes, Advice: Text{
		"The type of a source is not supported, often because of its file extension. Convert the file first.",
		"不支持该类素材，常见原因是文件扩展名。请先转换格式。"}},
	{Code: "InvalidParameter.NoAudioStream", Remedy: FixInput, Source: mpsCodes, Advice: Text{
		"A source has no audio stream where one is needed. Use another source, or leave the audio out.",
		"素材缺少所需的音频流。请更换素材，或去掉音频部分。"}},
	{Code: "InvalidParameter.MergeFileNoVideoOrAudio", Remedy: FixInput, Source: mpsCodes, Advice: Text{
		"Each of the files to join needs a video and an audio stream. Add the missing stream.",
		"参与拼接的文件必须同时有视频流和音频流。请补上缺少的流。"}},
	{Code: "InvalidParameter.OutOfRange", Remedy: FixInput, Source: mpsCodes, Advice: Text{
		"A value is out of range. The message names the parameter.",
		"取值超出范围，错误信息会指出参数。"}},
	{Code: "InvalidParameter.NotSupported", Remedy: FixInput, Source: mpsCodes, Advice: Text{
		"The combination of parameters is not supported, such as a profile for this codec.",
		"不支持这样的参数组合，例如该编码格式下的 Profile。"}},
	{Code: "InvalidParameter.BucketNameInvalid", Remedy: FixInput, Source: mpsCodes, Advice: Text{
		"The bucket's name breaks the rules of OSS. Correct it in the request.",
		"Bucket 名称不符合 OSS 规则。请在请求中修正。"}},
	{Code: "InvalidParameter.ObjectKeyInvalid", Remedy: FixInput, Source: mpsCodes, Advice: Text{
		"An object's name breaks the rules of OSS: 1 to 1,023 bytes without line breaks.",
		"对象名称不符合 OSS 规则：1 至 1023 字节，不含换行。"}},
	{Code: "InvalidParameter.TemplateNotFound", Remedy: FixInput, Source: mpsCodes, Advice: Text{
		"The template does not exist. Check its ID and region.",
		"模板不存在。请检查模板 ID 和地域。"}},
	// Permission and account.
	{Code: "Forbidden", Remedy: FixPermission, Source: vodCodes, Advice: Text{
		"The caller or the service's role lacks a RAM permission. Grant it access to the resource in the message.",
		"调用者或服务角色缺少 RAM 权限。请为其授予错误信息中资源的访问权限。"}},
	{Code: "PermissionDenied.ResourceAccess", Remedy: FixPermission, Source: mpsCodes, Advice: Text{
		"The service may not read or write the bucket. Authorise its role, and check the bucket's policy and IP whitelist.",
		"服务无权读写该 Bucket。请授权其角色，并检查 Bucket 策略和 IP 白名单。"}},
	{Code: "PermissionDenied.ResourceQuotaExceed", Remedy: FixAccount, Source: mpsCodes, Advice: Text{
		"A quota of the account is exhausted. Wait until quota is available again, or request a higher quota.",
		"账号的配额已用完。请等待释放或申请提高配额。"}},
	{Code: "OperationDenied", Remedy: FixAccount, Source: vodCodes, Advice: Text{
		"The service is not activated for the account. Activate it in the console.",
		"账号未开通该服务。请在控制台开通。"}},
	{Code: "OperationDenied.Suspended", Remedy: FixAccount, Source: vodCodes, Advice: Text{
		"The service is suspended because of overdue payments. Top up the account.",
		"服务因欠费而停用。请充值。"}},
	{Code: "InvalidIdentity.ServiceDisabled", Remedy: FixAccount, Source: mpsCodes, Advice: Text{
		"The service is not activated, or is frozen. Check the account's state in the console.",
		"服务未开通或已被冻结。请在控制台检查账号状态。"}},
	// Load and faults.
	{Code: "RequestsTooFrequent", Remedy: TryAgain, Source: imsCodes, Advice: Text{
		"Too many requests at the same time. Submit the edit again, at a lower rate.",
		"请求过于频繁。请降低频率后重新提交。"}},
	{Code: "Throttling", Remedy: TryAgain, Source: mpsCodes, Advice: Text{
		"Too many requests at the same time. Submit the edit again, at a lower rate.",
		"请求过于频繁而被限流。请降低频率后重新提交。"}},
	{Code: "Throttling.User", Remedy: TryAgain, Source: imsFAQ, Advice: Text{
		"The account submits edits faster than its limit. Submit the edit again, at a lower rate.",
		"账号提交剪辑的速度超过上限。请放慢速度后重新提交。"}},
	{Code: "ServiceUnAvailable", Remedy: TryAgain, Source: vodCodes, Advice: Text{
		"The service was temporarily unavailable. Produce the edit again. If it fails again, open a ticket.",
		"服务暂时不可用。请重新合成；若持续出现，请提交工单。"}},
	{Code: "InternalError", Remedy: ProviderFault, Source: vodCodes, Advice: Text{
		"The service had an internal error. Produce the edit again later. If it fails again, open a ticket with the media ID.",
		"服务内部错误。请稍后重新合成；若仍失败，请附上媒资 ID 提交工单。"}},
}

// byCode holds the causes by code in lower case, because some codes are spelled in several ways.
var byCode = func() map[string]Cause {
	m := map[string]Cause{}
	for _, c := range causes {
		m[strings.ToLower(c.Code)] = c
	}
	return m
}()

// causeOf returns the cause of a code. If the code is not documented, it returns the cause of the longest documented
// part of the code that ends before a dot. If there is none, it returns a cause that says that the code is unknown.
func causeOf(code string) Cause {
	switch code {
	case noCode:
		return Cause{Code: code, Remedy: NotPublished, Advice: Text{"The event has no error code. See the message.", "事件没有错误码，请以错误信息为准。"}}
	case unreadable:
		return Cause{Code: code, Remedy: NotPublished, Advice: Text{"The stored object cannot be read as a record.", "存储的对象不是可读的记录。"}}
	}
	for name := code; name != ""; name = name[:max(strings.LastIndexByte(name, '.'), 0)] {
		if c, ok := byCode[strings.ToLower(name)]; ok {
			c.Family = name != code
			return c
		}
	}
	return Cause{Code: code, Remedy: NotPublished, Advice: Text{
		"The producers do not document this code for edits. See the message.",
		"不在服务方公布的剪辑错误码之中。请以错误信息为准。"}}
}
